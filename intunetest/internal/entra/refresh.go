package entra

import "time"

const refreshTokenLifetime = 90 * 24 * time.Hour

// refreshToken is one that has been given out.
type refreshToken struct {
	grant  *grant
	issued time.Time
}

func (s *Server) newRefreshToken(granted *grant) string {
	token := newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshTokens[token] = refreshToken{grant: granted, issued: s.config.Now()}
	return token
}

// redeemRefreshToken is the grant of an application whose user has signed in before. Microsoft Entra ID does not revoke a
// refresh token that has been used.
func (s *Server) redeemRefreshToken(c *call) (*grant, *rejection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, known := s.refreshTokens[c.form.Get("refresh_token")]
	switch {
	case !known:
		return nil, unknownRefreshToken.because()
	case !s.config.Now().Before(token.issued.Add(refreshTokenLifetime)):
		return nil, refreshTokenExpired.because(token.issued.Format(time.RFC3339Nano), refreshTokenLifetime)
	}
	return s.narrow(token.grant, c.form.Get("scope"))
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
	return &grant{asked, g.claims, "", g.person}, nil
}
