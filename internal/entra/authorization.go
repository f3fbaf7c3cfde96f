package entra

import (
	"context"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/wait"
)

// AuthorizationCode signs a person in with a browser on this machine: open shows an address in it.
func AuthorizationCode(tenantID, clientID string, open func(ctx context.Context, address string) error) *User {
	u := newUser(tenantID, clientID)
	if open == nil {
		u.Reject("open", "is nil")
	}
	u.prompt = func(ctx context.Context, req Request) (*oauth2.Token, error) { return u.byBrowser(ctx, req, open) }
	return u
}

// byBrowser is the authorization code grant with PKCE (RFC 7636) and a redirect to this machine (RFC 8252, section 7.3).
func (u *User) byBrowser(ctx context.Context, req Request, open func(context.Context, string) error) (*oauth2.Token, error) {
	verifier := oauth2.GenerateVerifier()
	response, redirectURI, err := u.browse(ctx, req, verifier, open)
	if err != nil {
		return nil, err
	}
	code := response.Get("code")
	if code == "" {
		mask := redact.New(verifier)
		return nil, describedError(mask.Text(response.Get("error")), mask.Text(response.Get("error_description")))
	}
	return u.redeem(ctx, req, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
	}, code, verifier)
}

// browse opens a browser and returns the parameters with which it comes back. The port of the redirect is open only until
// then.
func (u *User) browse(ctx context.Context, req Request, verifier string, open func(context.Context, string) error) (response url.Values, redirectURI string, err error) {
	page, err := openLandingPage(ctx)
	if err != nil {
		return nil, "", err
	}
	defer page.close()
	query := u.parameters(req, userScope(req), url.Values{
		"response_type": {"code"}, "redirect_uri": {page.url}, "state": {page.state},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	})
	if err := open(ctx, u.endpoint(req, "authorize")+"?"+query.Encode()); err != nil {
		return nil, "", &PromptError{err}
	}
	response, err = page.wait(ctx)
	return response, page.url, err
}

// redeem exchanges a code for a token. It tries again by itself, so that a lost response does not prompt the person again.
func (u *User) redeem(ctx context.Context, req Request, grant url.Values, secrets ...string) (*oauth2.Token, error) {
	const longestDelay = 30 * time.Second
	for delay := time.Second; ; delay *= 2 {
		token, err := u.userToken(ctx, req, grant, secrets...)
		if err == nil || !IsTransient(err) || delay > longestDelay || wait.Until(ctx, time.Now().Add(delay)) != nil {
			return token, err
		}
	}
}
