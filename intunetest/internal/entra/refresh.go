package entra

import "time"

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
	s.refreshTokens[token] = &refreshToken{grant: granted, issued: s.config.Now()}
	return token
}

// redeemRefreshToken is the grant of an application whose user has signed in before. If Strict, a
// refresh token can be used once: if it comes again, it may have been stolen, and the session ends.
func (s *Server) redeemRefreshToken(c *call) (*grant, *rejection) {
	if rejected := s.checkClient(c); rejected != nil {
		return nil, rejected
	}
	if rejected := c.require("refresh_token"); rejected != nil {
		return nil, rejected
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token, known := s.refreshTokens[c.form.Get("refresh_token")]
	switch {
	case !known:
		return nil, unknownRefreshToken.because()
	case token.used && s.config.Strict:
		token.grant.session.revoked = true
		return nil, grantRevoked.because("the refresh token has been used before")
	case token.grant.session.revoked:
		return nil, grantRevoked.because("a token or a code of the same sign-in has been used twice")
	case !s.config.Now().Before(token.issued.Add(refreshTokenLifetime)):
		return nil, refreshTokenExpired.because(token.issued.Format(time.RFC3339Nano), refreshTokenLifetime)
	}
	granted, rejected := s.narrow(token.grant, c.form.Get("scope"))
	if rejected != nil {
		return nil, rejected
	}
	token.used = true
	return granted, nil
}

// narrow returns the grant for the scope that is asked for: any that the application has been granted for the resource,
// or "" for that of the sign-in.
func (s *Server) narrow(g *grant, text string) (*grant, *rejection) {
	if text == "" {
		return g, nil
	}
	asked, rejected := parseScope(text)
	if rejected != nil {
		return nil, rejected
	}
	asked.offline = true
	if asked.permissions == nil {
		asked.permissions = g.scope.permissions
	}
	if rejected := s.checkConsent(asked); rejected != nil {
		return nil, rejected
	}
	if asked.resource != g.scope.resource {
		return nil, notConsented.because(s.config.ClientID, asked.resource)
	}
	return &grant{asked, g.claims, "", g.session}, nil
}
