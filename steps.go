package intune

// This file has the steps that each attempt passes on its way to the network. pipeline.go puts them in order.

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/entra"
	"github.com/seed-230b9595/intune-go/internal/tokencache"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// step wraps the steps that follow it.
type step func(next http.RoundTripper) http.RoundTripper

// beginAttempt opens an attempt and keeps its result. It returns a placeholder, because net/http's client, which runs
// around this step, would put its own words around an error and act on the Location of a redirect. The placeholder has
// the headers for the client's cookie jar.
func beginAttempt(transport *wire.Transport) step {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			ctx := req.Context()
			c := callFrom(ctx)
			a := c.newAttempt()
			a.placeholder = http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}
			resp, err := next.RoundTrip(req.WithContext(wire.WithAttempt(ctx, &a.Attempt)))
			switch {
			case err != nil:
				a.err = err
			case resp == nil:
				a.err = errors.New("a middleware returned neither a response nor an error")
			default:
				a.response = resp
				a.body, a.err = transport.ReadBody(ctx, resp)
				a.placeholder.Header = resp.Header
			}
			a.ended = time.Now()
			a.err = hiding(a.err, c.hide)
			return &a.placeholder, nil
		})
	}
}

// obtainToken gets a token for the attempt. The steps that follow do not see it, except the last one.
func obtainToken(tokens *tokencache.Cache) step {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			c := callFrom(req.Context())
			token, err := tokens.Get(req.Context(), c.need)
			if err != nil {
				closeBody(req)
				return nil, newTokenError(err)
			}
			c.last.token = token
			c.last.Authorization = token.Header()
			return next.RoundTrip(req)
		})
	}
}

// awaitTurn waits for the quota, and for the end of a pause.
func awaitTurn(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		ctx := req.Context()
		c := callFrom(ctx)
		announced := c.announceWait(ctx)
		err := c.limits.wait(ctx, req.Method, c.isLook)
		announced()
		if err != nil {
			closeBody(req)
			return nil, err
		}
		return next.RoundTrip(req)
	})
}

// startClock begins the time limit of the attempt, after all waits.
func startClock(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		c := callFrom(req.Context())
		c.last.Started = time.Now()
		c.recovery.sending()
		return next.RoundTrip(req)
	})
}

// showHeaders sets the library's own headers for middleware to see.
func showHeaders(transport *wire.Transport) step {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			transport.SetVisible(req.Header, &callFrom(req.Context()).last.Attempt)
			return next.RoundTrip(req)
		})
	}
}

// announceWait logs that an attempt waits, once it has waited for a second. The function that it returns logs the end.
func (c *call) announceWait(ctx context.Context) (end func()) {
	const noticeable = time.Second
	if !c.logger.Enabled(ctx, slog.LevelInfo) {
		return func() {}
	}
	began := time.Now()
	logger := c.logger.With("reason", c.limits.reason(c.isLook), "clientRequestId", c.clientRequestID)
	announced := make(chan struct{})
	announcement := time.AfterFunc(noticeable, func() {
		defer close(announced)
		logger.InfoContext(ctx, "intune: waiting")
	})
	return func() {
		if !announcement.Stop() {
			<-announced
			logger.InfoContext(ctx, "intune: waited", "duration", time.Since(began))
		}
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

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
