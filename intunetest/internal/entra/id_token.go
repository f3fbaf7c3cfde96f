package entra

// This file is the user who signs in, and how a client learns about the user.

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"time"
)

// The one user, who has the permissions of the application.
const (
	userID   = "d4a1f9e2-6b3c-4f58-8e7d-1c9b0a2f5e63"
	userName = "admin@contoso.example"
)

const signingKeyID = "emulator"

// newSigningKey takes a moment, so it is made when first needed.
func newSigningKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("intunetest: %v", err)) // never fails
	}
	return key
}

// newIDToken says who has signed in: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference.
func (s *Server) newIDToken(c *call, granted *grant) string {
	now := s.config.Now()
	claims := map[string]any{
		"ver": "2.0", "iss": s.issuer(c), "aud": s.config.ClientID, "tid": s.config.TenantID, "oid": userID, "sub": userID,
		"name": "Contoso Administrator", "preferred_username": userName,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	if granted.nonce != "" {
		claims["nonce"] = granted.nonce
	}
	return signJWT(s.signingKey(), signingKeyID, claims)
}

// clientInfo identifies the user. The libraries of Microsoft key their caches by it.
func (s *Server) clientInfo() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"uid":"%s","utid":"%s"}`, userID, s.config.TenantID))
}
