// Package azcred signs in to Microsoft Intune with the credentials of Microsoft's Azure SDK: a managed identity, the
// login of the Azure CLI, or whatever azidentity.DefaultAzureCredential finds.
//
//	identity, err := azidentity.NewManagedIdentityCredential(nil)
//	if err != nil {
//		return err
//	}
//	client, err := intune.NewClient(azcred.New(identity))
//
// On a developer's machine, azidentity.NewAzureCLICredential(nil) takes the login of the Azure CLI, and
// azidentity.NewDefaultAzureCredential(nil) is made for both. In a national cloud, both sides are told:
//
//	identity, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
//		ClientOptions: azcore.ClientOptions{Cloud: cloud.AzureGovernment},
//	})
//	…
//	client, err := intune.NewClient(azcred.New(identity), intune.WithCloud(intune.CloudUSGovernmentL4))
//
// It is a module of its own, so that whoever does without the Azure SDK does not download it.
package azcred

import (
	"context"
	"reflect"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// New uses the tokens of a credential of the Azure SDK. A nil one, and a nil pointer too, is a nil intune.Credential, which
// intune.NewClient refuses.
//
// The credential reaches Microsoft Entra ID by itself: its own options say by which authority and transport, and
// intune.WithAuthorityURL and intune.WithHTTPClient do not apply. It is told of claims challenges, and asked for tokens that
// continuous access evaluation can revoke. It keeps a cache of its own, past which nothing but a claims challenge leads.
//
// An answer of Microsoft Entra ID is an *intune.AuthError; other errors are the credential's own, on one line. In both,
// errors.As finds the original. azidentity tries again by itself, and the client then does too; policy.RetryOptions with
// MaxRetries -1 leaves it to the client.
//
// azidentity does not let others see whether a credential has refused or is not available where the program runs. So in an
// intune.ChainedCredential this one comes last: none of its errors is an intune.ErrCredentialUnavailable.
func New(cred azcore.TokenCredential) intune.Credential {
	if v := reflect.ValueOf(cred); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	return &credential{cred.GetToken}
}

// credential keeps what it wraps behind a function, because fmt prints fields, and it may hold a secret.
type credential struct {
	getToken func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)
}

func (c *credential) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	token, err := c.getToken(ctx, policy.TokenRequestOptions{Scopes: []string{req.Scope}, Claims: req.Claims, EnableCAE: true})
	switch {
	case err == nil:
		return &oauth2.Token{AccessToken: token.Token, TokenType: "Bearer", Expiry: token.ExpiresOn}, nil
	case ctx.Err() != nil: // of which azidentity keeps the text alone
		return nil, ctx.Err()
	}
	return nil, signInError(err)
}
