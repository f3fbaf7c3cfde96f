package intune

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/wait"
)

// AuthorizationCode signs a person in with a browser on this machine. open is given the address to show there, and does
// not wait for the person; the browser comes back to a port of this machine's own, which is open only meanwhile, for 15
// minutes at most. It uses PKCE. The application must have http://localhost as a redirect URI of the platform "Mobile and
// desktop applications", and delegated permissions. tenantID may be organizations, for people of any tenant. Nobody is
// prompted again as long as the refresh token holds, also where several clients share the credential.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow.
func AuthorizationCode(tenantID, clientID string, open func(ctx context.Context, address string) error, opts ...UserOption) Credential {
	u := newUser(tenantID, clientID, opts)
	if open == nil {
		u.invalid = &InputError{Name: "open", Problem: "is nil"}
	} else {
		u.prompt = func(ctx context.Context, req TokenRequest) (*oauth2.Token, error) { return u.byBrowser(ctx, req, open) }
	}
	return u
}

// byBrowser is the authorization code grant with PKCE (RFC 7636) and a redirect to this machine (RFC 8252, section 7.3).
func (u *user) byBrowser(ctx context.Context, req TokenRequest, open func(context.Context, string) error) (*oauth2.Token, error) {
	config := u.config(req)
	verifier := oauth2.GenerateVerifier()
	code, redirect, err := browse(ctx, func(redirect, state string) error {
		config.RedirectURL = redirect
		return open(ctx, config.AuthCodeURL(state, append(req.claims(), oauth2.S256ChallengeOption(verifier))...))
	})
	if err != nil {
		return nil, authError(err, verifier)
	}
	return u.redeem(ctx, req, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier},
	})
}

// redeem exchanges a code for a token. The person is not to sign in again because an answer was lost.
func (u *user) redeem(ctx context.Context, req TokenRequest, params url.Values) (*oauth2.Token, error) {
	const longestDelay = 30 * time.Second
	for delay := time.Second; ; delay *= 2 {
		token, err := u.token(ctx, req, userScopes(req), params, params.Get("code"), params.Get("code_verifier"))
		if err == nil || !isTransient(err) || delay > longestDelay || wait.Until(ctx, time.Now().Add(delay)) != nil {
			return token, err
		}
	}
}

// browse has a browser opened, and returns the code that it comes back with and the address that it comes back to.
func browse(ctx context.Context, open func(redirect, state string) error) (code, redirect string, err error) {
	landing, err := land(ctx)
	if err != nil {
		return "", "", err
	}
	defer landing.close()
	if err := open(landing.address, landing.state); err != nil {
		return "", "", err
	}
	const patience = 15 * time.Minute // as long as a device code
	tooLong := time.NewTimer(patience)
	defer tooLong.Stop()
	select {
	case answer := <-landing.answer:
		if code := answer.Get("code"); code != "" {
			return code, landing.address, nil
		}
		return "", "", &oauth2.RetrieveError{ErrorCode: answer.Get("error"), ErrorDescription: answer.Get("error_description")}
	case <-tooLong.C:
		return "", "", errors.New(nobodyCame)
	case <-ctx.Done():
		return "", "", fmt.Errorf("%s: %w", nobodyCame, ctx.Err())
	}
}

// nobodyCame also says what Microsoft Entra ID shows without coming back.
const nobodyCame = "nobody came back from the browser: if it shows an error, check the tenant id, the client id and the redirect URI"

// landing is where the browser comes back to.
type landing struct {
	address string
	state   string          // which shows that it comes from the sign-in that was begun here
	answer  chan url.Values // of the authorization endpoint
	server  *http.Server
}

func land(ctx context.Context) (*landing, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	// Microsoft Entra ID leaves the port out of the comparison for localhost alone.
	l := &landing{address: "http://localhost:" + port, state: rand.Text(), answer: make(chan url.Values, 1)}
	const patience = 10 * time.Second
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: patience}
	go func() { _ = l.server.Serve(listener) }()
	return l, nil
}

// ServeHTTP takes the first answer to the sign-in that was begun here, and nothing else.
func (l *landing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := r.URL.Query()
	hasAnswer := answer.Get("code") != "" || answer.Get("error") != ""
	if r.Method != http.MethodGet || r.URL.Path != "/" || answer.Get("state") != l.state || !hasAnswer {
		http.Error(w, "This is not the answer to the sign-in that waits here.", http.StatusBadRequest)
		return
	}
	page := "You are signed in. You can close this window."
	if answer.Get("code") == "" {
		page = "You are not signed in. The program says why. You can close this window."
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.Header().Set("Connection", "close")
	_, _ = io.WriteString(w, page)
	_ = http.NewResponseController(w).Flush() // the server closes as soon as the answer is at hand
	select {
	case l.answer <- answer:
	default: // it has come before
	}
}

func (l *landing) close() { _ = l.server.Close() }
