package intune

// This file has what all credentials share, and the credentials that wrap others. The rest are in auth_application.go and
// auth_user.go. Package internal/entra does the work.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

// Credential obtains access tokens. The client caches tokens and calls Token only when it needs a new one, once for any
// number of callers. Several clients may call it at the same time.
//
// An implementation must honor ctx and must not put secrets into errors. The client retries after network errors, after
// a context error if ctx has not ended, and after a transient [*AuthError]. All other errors are final.
type Credential interface {
	Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error)
}

// TokenRequest describes the token that a [Client] needs.
type TokenRequest struct {
	AuthorityURL string       // the Microsoft Entra root, without a trailing slash
	Scope        string       // "https://graph.microsoft.com/.default", or that of another cloud
	Claims       string       // a JSON object from a claims challenge of the service; "" if there was none
	Refresh      bool         // the service rejected the last token: do not return one from the credential's own cache
	HTTPClient   *http.Client // reaches the token endpoint; it follows no redirects
}

// ErrCredentialUnavailable is wrapped by the error of a credential that can't work in this environment, for example
// [GitHubActionsAssertion] outside GitHub Actions. [ChainedCredential] then tries the next credential.
var ErrCredentialUnavailable = entra.ErrUnavailable

// validator is a credential that can detect a mistake before anything is sent.
type validator interface{ validate() error }

func validateCredential(cred Credential) error {
	if cred == nil {
		return &InputError{Name: "credential", Problem: "is nil"}
	}
	if v, ok := cred.(validator); ok {
		return v.validate()
	}
	return nil
}

// authority is a credential that knows its Microsoft Entra root.
type authority interface{ authorityURL() string }

// signIn is a credential of internal/entra.
type signIn struct{ entra.SignIn }

func (s signIn) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	token, err := s.SignIn.Token(ctx, entra.Request(req))
	return token, signInError(err)
}

func (s signIn) validate() error { return signInError(s.Check()) }

// TokenSourceCredential uses tokens from source, which must be for Microsoft Graph in the client's cloud. A token
// source takes no context, so it runs in its own goroutine until it returns. Callers wait only as long as their
// contexts allow. The source is not called again before it has returned.
func TokenSourceCredential(source oauth2.TokenSource) Credential { return signIn{entra.Source(source)} }

// ChainedCredential uses the first of creds that is available in this environment. Any error other than
// [ErrCredentialUnavailable] ends the search, including a rejection by Microsoft Entra ID, so that the next credential
// doesn't hide a mistake. The first credential that specifies a Microsoft Entra root, as [EnvironmentCredential] may,
// sets it for all.
func ChainedCredential(creds ...Credential) Credential { return chained(slices.Clone(creds)) }

type chained []Credential

func (c chained) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	var unavailable error
	for _, cred := range c {
		token, err := cred.Token(ctx, req)
		switch {
		case !errors.Is(err, ErrCredentialUnavailable):
			return token, err
		case unavailable == nil:
			unavailable = err
		default:
			unavailable = fmt.Errorf("%w; %w", unavailable, err)
		}
	}
	return nil, unavailable
}

func (c chained) validate() error {
	if len(c) == 0 {
		return &InputError{Name: "chained credential", Problem: "is empty"}
	}
	for _, cred := range c {
		if err := validateCredential(cred); err != nil {
			return err
		}
	}
	return nil
}

func (c chained) authorityURL() string {
	for _, cred := range c {
		if a, ok := cred.(authority); ok && a.authorityURL() != "" {
			return a.authorityURL()
		}
	}
	return ""
}
