package entra

// This file is the token endpoint: it finds the grant, and issues the tokens.

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// grant is what the application has been granted, on its own behalf or a user's.
type grant struct {
	scope   scope
	claims  string   // that it was asked for with, a JSON object or ""
	nonce   string   // for the id token
	session *session // of the user, nil if there is none
}

// session is a user's sign-in: the grants that follow from it end with it.
type session struct{ revoked bool }

// AccessToken is what an access token stands for.
type AccessToken struct {
	Resource    string
	Permissions []string
	Claims      string // that it was asked for with, a JSON object or ""
	Expires     time.Time
}

// Lookup returns what an access token stands for.
func (s *Server) Lookup(accessToken string) (found AccessToken, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, known = s.accessTokens[accessToken]
	return found, known
}

// token is the token endpoint.
func (s *Server) token(c *call) (*exchange.Response, *rejection) {
	if rejected := s.read(c, http.MethodPost); rejected != nil {
		return nil, rejected
	}
	if rejected := c.require("grant_type", "client_id"); rejected != nil {
		return nil, rejected
	}
	var redeem func(*call) (*grant, *rejection)
	switch c.form.Get("grant_type") {
	case "client_credentials":
		redeem = s.redeemCredentials
	case "urn:ietf:params:oauth:grant-type:device_code", "device_code": // as MSAL calls it
		redeem = s.redeemDeviceCode
	case "authorization_code":
		redeem = s.redeemCode
	case "refresh_token":
		redeem = s.redeemRefreshToken
	default:
		return nil, unsupportedGrant.because()
	}
	granted, rejected := redeem(c)
	if rejected != nil {
		return nil, rejected
	}
	return s.issue(c, granted), nil
}

// issue responds with an access token and, to a user's client, with the other tokens that it asked for.
func (s *Server) issue(c *call, granted *grant) *exchange.Response {
	seconds := int(s.config.TokenLifetime / time.Second)
	issued := map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": s.newAccessToken(c, granted),
	}
	if granted.session != nil {
		issued["scope"] = granted.scope.spell(s.config.Permissions)
		if granted.scope.offline {
			issued["refresh_token"] = s.newRefreshToken(granted)
		}
		if granted.scope.openID {
			issued["id_token"] = s.newIDToken(c, granted)
		}
		if c.form.Get("client_info") == "1" {
			issued["client_info"] = s.clientInfo()
		}
	}
	return exchange.JSON(http.StatusOK, issued)
}

func (s *Server) newAccessToken(c *call, granted *grant) string {
	token := newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	permissions := granted.scope.permissions
	if permissions == nil {
		permissions = s.config.Permissions
	}
	s.accessTokens[token] = AccessToken{
		Resource:    granted.scope.resource,
		Permissions: permissions,
		Claims:      cmp.Or(c.form.Get("claims"), granted.claims),
		Expires:     time.Now().Add(s.config.TokenLifetime),
	}
	return token
}

// newSecret is for everything that only its holder knows.
func newSecret() string { return rand.Text() + rand.Text() }
