package intune

// This file checks the tokens of a credential.

import (
	"context"
	"errors"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/entra"
	"github.com/seed-230b9595/intune-go/internal/tokencache"
)

// fetchToken returns a function that asks the credential for a token and checks it.
func fetchToken(cred Credential, req TokenRequest) func(context.Context, tokencache.Need) (*oauth2.Token, error) {
	return func(ctx context.Context, need tokencache.Need) (*oauth2.Token, error) {
		req := req
		req.Refresh, req.Claims = need.Rejected != nil, need.Claims
		token, err := cred.Token(ctx, req)
		token, err = entra.Checked(ctx, token, err)
		return token, signInError(err)
	}
}

// tokenError is a failure to obtain a token. Nothing was sent to Microsoft Graph.
type tokenError struct{ err error }

// newTokenError also says how much is left of the wait that the token endpoint asked for.
func newTokenError(err error) *tokenError {
	paused, isPaused := errors.AsType[*tokencache.PausedError](err)
	if rejected, ok := errors.AsType[*AuthError](err); ok && isPaused {
		remaining := *rejected
		remaining.RetryAfter = paused.Left
		err = &remaining
	}
	return &tokenError{err}
}

func (e *tokenError) Error() string {
	if errors.As(e.err, new(*AuthError)) { // it says that it is about the sign-in
		return e.err.Error()
	}
	return "obtain a token: " + e.err.Error()
}

func (e *tokenError) Unwrap() error { return e.err }
