// Package azcred signs in to Microsoft Intune with the credentials of Microsoft's Azure SDK: a managed identity, the
// login of the Azure CLI, or the one that azidentity.DefaultAzureCredential finds.
//
//	identity, err := azidentity.NewManagedIdentityCredential(nil)
//	if err != nil {
//		return err
//	}
//	client, err := intune.NewClient(azcred.New(identity))
//
// On a developer's machine, azidentity.NewAzureCLICredential(nil) uses the login of the Azure CLI;
// azidentity.NewDefaultAzureCredential(nil) works in both places. In a national cloud, configure both sides:
//
//	identity, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
//		ClientOptions: azcore.ClientOptions{Cloud: cloud.AzureGovernment},
//	})
//	…
//	client, err := intune.NewClient(azcred.New(identity), intune.WithCloud(intune.CloudUSGovernmentL4))
//
// It is a separate module, so that programs without the Azure SDK do not download it.
package azcred

import (
	"context"
	"reflect"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/entra"
)

// New returns a credential that uses the tokens of cred. For nil and for a nil pointer, it returns a nil
// [intune.Credential], which [intune.NewClient] rejects.
//
// cred connects to Microsoft Entra ID by itself. Its own options set authority and transport;
// [intune.WithAuthorityURL] and [intune.WithHTTPClient] do not apply. cred receives claims challenges, and requests tokens
// that continuous access evaluation can revoke. It has its own cache, which only a claims challenge bypasses.
//
// If Microsoft Entra ID responds without a token, the error is an [*intune.AuthError]. Other errors are those of azidentity, on one
// line. [errors.As] finds the original in both. Both azidentity and the client retry. To leave retries to the client, set
// MaxRetries in [policy.RetryOptions] to -1.
//
// azidentity doesn't show whether a credential was rejected or is not available in this environment, so none of its errors
// is an [intune.ErrCredentialUnavailable]. Put this credential last in an [intune.ChainedCredential].
func New(cred azcore.TokenCredential) intune.Credential {
	if v := reflect.ValueOf(cred); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	return &credential{cred.GetToken}
}

// credential keeps the wrapped one behind a function, because fmt prints fields, and it may hold a secret.
type credential struct {
	getToken func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)
}

func (c *credential) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	return entra.OnceMore(ctx, func() (*oauth2.Token, error) {
		token, err := c.getToken(ctx, policy.TokenRequestOptions{Scopes: []string{req.Scope}, Claims: req.Claims, EnableCAE: true})
		switch {
		case err == nil:
			return &oauth2.Token{AccessToken: token.Token, TokenType: "Bearer", Expiry: token.ExpiresOn}, nil
		case ctx.Err() != nil: // azidentity keeps only its text
			return nil, ctx.Err()
		}
		return nil, signInError(err)
	})
}
