package entra

// This file is the token endpoint: it finds the grant, and issues the tokens: opaque ones, and the one that says who has
// signed in.

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// grant is what the application has been granted, on its own behalf or a user's.
type grant struct {
	scope  scope
	claims string           // that it was asked for with, a JSON object or ""
	nonce  string           // for the id token
	person *exchange.Person // the user, nil if there is none
}

// grantTypes are what a client can get tokens for: how it authenticates, what it has to send, and what it is granted.
var grantTypes = map[string]struct {
	authenticate func(*Server, *call) *rejection
	parameters   []string
	redeem       func(*Server, *call) (*grant, *rejection)
}{
	"client_credentials": {(*Server).authenticate, []string{"scope"}, (*Server).redeemCredentials},
	"authorization_code": {(*Server).checkClient, []string{"code", "redirect_uri"}, (*Server).redeemCode},
	"refresh_token":      {(*Server).checkClient, []string{"refresh_token"}, (*Server).redeemRefreshToken},
	"device_code":        {(*Server).checkPublic, []string{"device_code"}, (*Server).redeemDeviceCode}, // as MSAL calls the next one
	"urn:ietf:params:oauth:grant-type:device_code": {(*Server).checkPublic, []string{"device_code"}, (*Server).redeemDeviceCode},
}

// Lookup returns what an access token stands for.
func (s *Server) Lookup(accessToken string) (found exchange.Token, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, known = s.accessTokens[accessToken]
	return found, known
}

// token is the token endpoint.
func (s *Server) token(c *call) (*exchange.Response, *rejection) {
	if rejected := cmp.Or(c.readBasic(), c.require("grant_type", "client_id")); rejected != nil {
		return nil, rejected
	}
	kind, known := grantTypes[c.form.Get("grant_type")]
	if !known {
		return nil, unsupportedGrant.because()
	}
	if rejected := cmp.Or(kind.authenticate(s, c), c.require(kind.parameters...)); rejected != nil {
		return nil, rejected
	}
	granted, rejected := kind.redeem(s, c)
	if rejected != nil {
		return nil, rejected
	}
	return s.issue(c, granted), nil
}

// tokenV1 is the token endpoint of version 1. It asks for a resource, not for a scope, and responds with numbers as texts:
// https://learn.microsoft.com/entra/identity-platform/v1-protocols-oauth-code is what is left of its documentation.
func (s *Server) tokenV1(c *call) (*exchange.Response, *rejection) {
	c.isV1 = true
	c.form.Del("scope")
	if resource := c.form.Get("resource"); resource != "" {
		c.form.Set("scope", strings.TrimSuffix(resource, "/")+"/.default")
	} else if c.form.Get("grant_type") == "client_credentials" {
		return nil, missingParameter.because("resource")
	}
	return s.token(c)
}

// issue responds with an access token and, to a user's client, with the other tokens that it asked for.
func (s *Server) issue(c *call, granted *grant) *exchange.Response {
	seconds := int(s.config.TokenLifetime / time.Second)
	issued := map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": s.newAccessToken(c, granted),
	}
	if granted.person != nil {
		issued["scope"] = granted.scope.spell(s.config.Permissions)
		if granted.scope.offline {
			issued["refresh_token"] = s.newRefreshToken(granted)
		}
		if granted.scope.openID {
			issued["id_token"] = s.newIDToken(c, granted)
		}
		if c.form.Get("client_info") == "1" {
			issued["client_info"] = s.clientInfo(granted.person)
		}
	}
	if c.isV1 {
		now := s.config.Now()
		issued["resource"] = granted.scope.resource
		issued["not_before"], issued["expires_on"] = now.Unix(), now.Unix()+int64(seconds)
		for _, name := range []string{"expires_in", "ext_expires_in", "not_before", "expires_on"} {
			issued[name] = fmt.Sprint(issued[name])
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
	s.accessTokens[token] = exchange.Token{
		Resource:    granted.scope.resource,
		Permissions: permissions,
		Claims:      cmp.Or(c.form.Get("claims"), granted.claims),
		Expires:     time.Now().Add(s.config.TokenLifetime),
		Person:      granted.person,
	}
	return token
}

// newSecret is for everything that only its holder knows.
func newSecret() string { return rand.Text() + rand.Text() }

// person returns who has the user name or, if that is "", the first. It returns nil if nobody has it.
func (s *Server) person(userName string) *exchange.Person {
	for i, person := range s.config.People {
		if userName == "" || strings.EqualFold(person.UserName, userName) {
			return &s.config.People[i]
		}
	}
	return nil
}

const signingKeyID = "emulator"

// newSigningKey takes a moment, so it is made when first needed.
func newSigningKey() *rsa.PrivateKey {
	key, _ := rsa.GenerateKey(rand.Reader, 2048) // fails only for shorter keys
	return key
}

// newIDToken says who has signed in: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference.
func (s *Server) newIDToken(c *call, granted *grant) string {
	now, person := s.config.Now(), granted.person
	claims := map[string]any{
		"ver": "2.0", "iss": s.issuer(c), "aud": s.config.ClientID, "tid": s.config.TenantID, "oid": person.ID, "sub": person.ID,
		"name": person.Name, "preferred_username": person.UserName,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	if granted.nonce != "" {
		claims["nonce"] = granted.nonce
	}
	return signJWT(s.signingKey(), signingKeyID, claims)
}

// clientInfo identifies the user. The libraries of Microsoft key their caches by it.
func (s *Server) clientInfo(person *exchange.Person) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"uid":"%s","utid":"%s"}`, person.ID, s.config.TenantID))
}
