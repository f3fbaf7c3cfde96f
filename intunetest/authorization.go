package intunetest

// This file is the authorization code flow with PKCE: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow.

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const authorizationCodeLifetime = 10 * time.Minute

// WithoutConsent makes the user refuse what an application asks for in a browser.
func WithoutConsent() ServerOption {
	return func(s *Server) { s.registration.declinesConsent = true }
}

// authorizationCode is one that has been given out.
type authorizationCode struct {
	grant       *grant
	redirectURI string
	challenge   string
	expires     time.Time
	redeemed    bool
}

// authorizationPage signs the user in at once, and sends the browser back to the application. What cannot be trusted to
// be the application's address gets nothing.
func (s *Server) authorizationPage(c *entraCall) (*answer, *refusal) {
	if no := checkRedirect(c); no != nil {
		return no.page(c), nil
	}
	if !slices.Contains([]string{"", "query", "form_post"}, c.form.Get("response_mode")) {
		return unsupportedResponseMode.because().page(c), nil
	}
	code, no := s.newAuthorizationCode(c)
	if no != nil {
		return c.sendBack(no.fields(c.ids)), nil
	}
	return c.sendBack(map[string]any{"code": code}), nil
}

// checkRedirect checks whose the request is, and where the answer would go.
func checkRedirect(c *entraCall) *refusal {
	if no := c.read(http.MethodGet); no != nil {
		return no
	}
	switch {
	case !isClient(c):
		return unknownApplication.because(c.form.Get("client_id"))
	case !isLoopback(c.form.Get("redirect_uri")):
		return wrongRedirectURI.because(c.form.Get("redirect_uri"))
	}
	return nil
}

// isLoopback says whether the URI is http://localhost or http://127.0.0.1, of which Microsoft Entra ID ignores the port.
// It supports no IPv6: https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions.
func isLoopback(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Scheme == "http" && u.User == nil && !strings.Contains(uri, "#") &&
		(u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
}

// newAuthorizationCode checks what is asked of the user, and has the user say yes or no.
func (s *Server) newAuthorizationCode(c *entraCall) (string, *refusal) {
	challenge := c.form.Get("code_challenge")
	switch {
	case c.form.Get("response_type") != "code":
		return "", unsupportedResponseType.because()
	case challenge == "":
		return "", missingChallenge.because()
	case c.form.Get("code_challenge_method") != "S256":
		return "", wrongChallengeMethod.because()
	case len(challenge) != base64.RawURLEncoding.EncodedLen(sha256.Size):
		return "", wrongChallengeSize.because()
	}
	granted, no := s.askUser(c)
	switch {
	case no != nil:
		return "", no
	case s.registration.declinesConsent:
		return "", consentDeclined.because()
	}
	code := newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signIns.codes[code] = &authorizationCode{
		grant: granted, redirectURI: c.form.Get("redirect_uri"), challenge: challenge, expires: s.now().Add(authorizationCodeLifetime),
	}
	return code, nil
}

// sendBack sends the browser to the redirect URI with these fields: in its query, or in a form that submits itself.
func (c *entraCall) sendBack(fields map[string]any) *answer {
	if c.form.Has("state") {
		fields["state"] = c.form.Get("state")
	}
	uri, _ := url.Parse(c.form.Get("redirect_uri")) // see isLoopback
	if c.form.Get("response_mode") == "form_post" {
		var inputs strings.Builder
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			fmt.Fprintf(&inputs, `<input type="hidden" name="%s" value="%s">`, name, escape(fmt.Sprint(fields[name])))
		}
		return webPage(http.StatusOK, "Signing in", fmt.Sprintf(
			`<form method="post" action="%s">%s<button>Continue</button></form><script>document.forms[0].submit()</script>`,
			escape(uri.String()), &inputs))
	}
	query := uri.Query()
	for name, value := range fields {
		query.Set(name, fmt.Sprint(value))
	}
	uri.RawQuery = query.Encode()
	return redirect(uri.String())
}

// redeemCode is the grant of an application that has been sent a code. A code that comes twice has been stolen: what
// was issued for it is revoked, as RFC 6749 advises.
func (s *Server) redeemCode(c *entraCall) (*grant, *refusal) {
	if no := checkPublic(c); no != nil {
		return nil, no
	}
	if no := c.require("code", "redirect_uri"); no != nil {
		return nil, no
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code, known := s.signIns.codes[c.form.Get("code")]
	switch {
	case !known:
		return nil, unknownCode.because()
	case code.redeemed:
		code.grant.session.revoked = true
		return nil, alreadyRedeemed.because()
	case !s.now().Before(code.expires):
		return nil, codeExpired.because()
	case c.form.Get("redirect_uri") != code.redirectURI:
		return nil, otherRedirectURI.because(c.form.Get("redirect_uri"), code.redirectURI)
	case challengeOf(c.form.Get("code_verifier")) != code.challenge:
		return nil, wrongVerifier.because()
	}
	code.redeemed = true
	return code.grant, nil
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
