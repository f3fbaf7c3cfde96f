package entra

// This file is the user who signs in, and how a client learns about the user.

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// person returns who has the user name or, if that is "", the first. It returns nil if nobody has it.
func (s *Server) person(userName string) *exchange.Person {
	for _, person := range s.config.People {
		if userName == "" || strings.EqualFold(person.UserName, userName) {
			return person
		}
	}
	return nil
}

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
	now, person := s.config.Now(), granted.session.person
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
