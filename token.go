package intune

// This file obtains the token of an attempt from the credential, through the cache of internal/tokencache.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/tokencache"
)

// newTokenCache returns the client's cache of the tokens of cred.
func newTokenCache(cred Credential, req TokenRequest) *tokencache.Cache {
	return tokencache.New(fetchToken(cred, req), func(err error) time.Duration {
		if rejected, ok := errors.AsType[*AuthError](err); ok {
			return rejected.RetryAfter
		}
		return 0
	})
}

// fetchToken returns a function that asks the credential for a token and checks it.
func fetchToken(cred Credential, req TokenRequest) func(context.Context, tokencache.Need) (*oauth2.Token, error) {
	return func(ctx context.Context, need tokencache.Need) (*oauth2.Token, error) {
		req := req
		req.Refresh, req.Claims = need.Rejected != nil, need.Claims
		token, err := cred.Token(ctx, req)
		switch {
		case err != nil && isContextError(err) && ctx.Err() == nil && !errors.As(err, new(*promptError)):
			return nil, &foreignContextError{err.Error()}
		case err != nil:
			return nil, authError(err)
		case token == nil || token.AccessToken == "":
			return nil, errors.New("the credential returned an empty token")
		case !token.Expiry.IsZero() && !time.Now().Before(token.Expiry):
			return nil, fmt.Errorf("the credential returned a token that expired on %s", token.Expiry.UTC().Format(time.RFC3339))
		case strings.ContainsFunc(token.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
			return nil, errors.New("the credential returned a token with characters that no token has")
		}
		return token, nil
	}
}

// tokenError is a failure to obtain a token. Nothing has been sent to Graph.
type tokenError struct {
	err       error
	transient bool
}

func (e *tokenError) Error() string {
	if errors.As(e.err, new(*AuthError)) { // it says that it is about the sign-in
		return e.err.Error()
	}
	return "obtain a token: " + e.err.Error()
}

func (e *tokenError) Unwrap() error { return e.err }

// obtainToken is the step that obtains the token for the attempt. It does not show it to the steps that follow.
func obtainToken(tokens *tokencache.Cache) step {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			a := attemptFrom(req.Context())
			token, err := tokens.Get(req.Context(), a.call.need)
			if err != nil {
				closeBody(req)
				return nil, newTokenError(err)
			}
			a.token = token
			return next.RoundTrip(req)
		})
	}
}

// newTokenError also says how much is left of the wait that the endpoint asked for.
func newTokenError(err error) *tokenError {
	paused, isPaused := errors.AsType[*tokencache.PausedError](err)
	if rejected, ok := errors.AsType[*AuthError](err); ok && isPaused {
		remaining := *rejected
		remaining.RetryAfter = paused.Left
		err = &remaining
	}
	return &tokenError{err, isTransient(err)}
}
