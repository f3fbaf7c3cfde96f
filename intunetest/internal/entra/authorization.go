package entra

// This file is the authorization code flow: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow.

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

const authorizationCodeLifetime = 10 * time.Minute

var responseModes = []string{"query", "fragment", "form_post"}

// authorizationCode is one that has been given out.
type authorizationCode struct {
	grant       *grant
	redirectURI string
	challenge   string // of PKCE, "" if the client sent none
	method      string // S256 or plain
	expires     time.Time
	redeemed    bool
}

// authorizationPage signs the user in at once, and sends the browser back to the application. An address that may not
// be the application's gets nothing.
func (s *Server) authorizationPage(c *call) (*exchange.Response, *rejection) {
	uri, mode := c.form.Get("redirect_uri"), c.form.Get("response_mode")
	switch {
	case !s.isClient(c):
		return nil, unknownApplication.because(c.form.Get("client_id"))
	case !isLoopback(uri):
		return nil, wrongRedirectURI.because(uri)
	case mode != "" && !slices.Contains(responseModes, mode):
		return nil, unsupportedResponseMode.because()
	}
	code, rejected := s.newAuthorizationCode(c)
	if rejected != nil {
		return c.sendBack(uri, rejected.fields(c.ids)), nil
	}
	return c.sendBack(uri, map[string]any{"code": code}), nil
}

// isLoopback reports whether the URI is http://localhost or http://127.0.0.1, of which Microsoft Entra ID ignores the port.
// It supports no IPv6: https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions.
func isLoopback(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Scheme == "http" && u.User == nil && !strings.Contains(uri, "#") &&
		(u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
}

// newAuthorizationCode checks what is asked of the user, and has the user say yes or no.
func (s *Server) newAuthorizationCode(c *call) (string, *rejection) {
	challenge, method := c.form.Get("code_challenge"), cmp.Or(c.form.Get("code_challenge_method"), plainMethod)
	isHashed := challenge != "" && method != plainMethod
	switch {
	case c.form.Get("response_type") != "code":
		return "", unsupportedResponseType.because()
	case isHashed && method != "S256":
		return "", wrongChallengeMethod.because()
	case isHashed && len(challenge) != base64.RawURLEncoding.EncodedLen(sha256.Size):
		return "", wrongChallengeSize.because()
	}
	granted, rejected := s.askUser(c)
	if rejected != nil {
		return "", rejected
	}
	if s.config.DeclineConsent {
		return "", consentDeclined.because()
	}
	if rejected := s.checkConsent(granted.scope); rejected != nil {
		rejected.code = "consent_required"
		return "", rejected
	}
	code := newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	keep(s.codes, code, &authorizationCode{
		grant: granted, redirectURI: c.form.Get("redirect_uri"), challenge: challenge, method: method,
		expires: s.config.Now().Add(authorizationCodeLifetime),
	})
	return code, nil
}

const plainMethod = "plain" // of a code challenge that is the verifier itself

// sendBack sends the browser to a URI with these fields: in its query, in its fragment, or in a form that submits itself.
func (c *call) sendBack(to string, fields map[string]any) *exchange.Response {
	if c.form.Has("state") {
		fields["state"] = c.form.Get("state")
	}
	values := make(url.Values)
	for name, value := range fields {
		values.Set(name, fmt.Sprint(value))
	}
	switch c.form.Get("response_mode") {
	case "form_post":
		return webPage{Heading: "Signing in", PostTo: to, Fields: fields}.response(http.StatusOK)
	case "fragment":
		return redirect(to + "#" + values.Encode())
	}
	uri, _ := url.Parse(to) // see isLoopback
	query := uri.Query()
	maps.Copy(query, values)
	uri.RawQuery = query.Encode()
	return redirect(uri.String())
}

// logoutPage ends no session, because the user of a browser has none here, and sends the browser on if it may.
func (s *Server) logoutPage(c *call) (*exchange.Response, *rejection) {
	after := c.form.Get("post_logout_redirect_uri")
	if !isLoopback(after) {
		return webPage{Heading: "You have signed out", Text: "You can close this page."}.response(http.StatusOK), nil
	}
	return c.sendBack(after, make(map[string]any)), nil
}

// redeemCode is the grant of an application that has been sent a code.
func (s *Server) redeemCode(c *call) (*grant, *rejection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code, known := s.codes[c.form.Get("code")]
	switch {
	case !known:
		return nil, unknownCode.because()
	case code.redeemed:
		return nil, alreadyRedeemed.because()
	case !s.config.Now().Before(code.expires):
		return nil, codeExpired.because()
	case c.form.Get("redirect_uri") != code.redirectURI:
		return nil, otherRedirectURI.because(c.form.Get("redirect_uri"), code.redirectURI)
	case !code.matches(c.form.Get("code_verifier")):
		return nil, wrongVerifier.because()
	}
	code.redeemed = true
	return code.grant, nil
}

// matches reports whether the verifier belongs to the code challenge, if there was one.
func (code *authorizationCode) matches(verifier string) bool {
	if code.challenge == "" || code.method == plainMethod {
		return verifier == code.challenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == code.challenge
}
