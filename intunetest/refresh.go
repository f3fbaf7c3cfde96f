package intunetest

import (
	"slices"
	"time"
)

const refreshTokenLifetime = 90 * 24 * time.Hour

// refreshToken is one that has been given out.
type refreshToken struct {
	grant  *grant
	issued time.Time
	used   bool
}

func (s *Server) newRefreshToken(granted *grant) string {
	token := newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signIns.refreshTokens[token] = &refreshToken{grant: granted, issued: s.now()}
	return token
}

// redeemRefreshToken is the grant of an application whose user has signed in before. A refresh token can be used once.
// If it comes again, it has been stolen, and the session ends. Microsoft Entra ID itself is not as strict.
func (s *Server) redeemRefreshToken(c *entraCall) (*grant, *refusal) {
	if no := checkPublic(c); no != nil {
		return nil, no
	}
	if no := c.require("refresh_token"); no != nil {
		return nil, no
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token, known := s.signIns.refreshTokens[c.form.Get("refresh_token")]
	switch {
	case !known:
		return nil, unknownRefreshToken.because()
	case token.used:
		token.grant.session.revoked = true
		return nil, grantRevoked.because("the refresh token has been used before")
	case token.grant.session.revoked:
		return nil, grantRevoked.because("a token or a code of the same sign-in has been used twice")
	case !s.now().Before(token.issued.Add(refreshTokenLifetime)):
		return nil, refreshTokenExpired.because(token.issued.Format(time.RFC3339Nano), refreshTokenLifetime)
	}
	granted, no := token.grant.narrow(c.form.Get("scope"))
	if no != nil {
		return nil, no
	}
	token.used = true
	return granted, nil
}

// narrow is the grant for what is asked for, which is no more than it was granted for, or "".
func (g *grant) narrow(text string) (*grant, *refusal) {
	if text == "" {
		return g, nil
	}
	asked, no := parseScope(text)
	if no != nil {
		return nil, no
	}
	asked.offline = true
	if asked.permissions == nil {
		asked.permissions = g.scope.permissions
	}
	for _, name := range asked.permissions {
		if g.scope.permissions != nil && !slices.Contains(g.scope.permissions, name) {
			return nil, notConsented.because(name)
		}
	}
	if asked.resource != g.scope.resource {
		return nil, notConsented.because(asked.resource)
	}
	return &grant{asked, g.claims, "", g.session}, nil
}
