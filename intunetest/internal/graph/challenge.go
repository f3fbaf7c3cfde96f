package graph

// This file is continuous access evaluation: https://learn.microsoft.com/entra/identity-platform/claims-challenge.

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// Challenge makes the service reject each access token that was not asked for with these claims, a JSON object.
func (s *Server) Challenge(claims string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.challenge = claims
}

// challenge challenges the client for claims.
func (c *call) challenge(claims string) *exchange.Response {
	response := c.fail(http.StatusUnauthorized, "InvalidAuthenticationToken", "Continuous access evaluation resulted in challenge "+
		"with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp")
	response.SetHeader("WWW-Authenticate", fmt.Sprintf(`%s, error="insufficient_claims", claims="%s"`,
		wwwAuthenticate, base64.StdEncoding.EncodeToString([]byte(claims))))
	return response
}

// satisfies reports whether the claims with which a token was asked for hold those of the challenge, if there is one.
func satisfies(asked, challenge string) bool {
	var have, want any
	_ = json.Unmarshal([]byte(asked), &have) // nothing, or what has been found to be an object
	_ = json.Unmarshal([]byte(challenge), &want)
	return challenge == "" || holds(have, want)
}

// holds reports whether an object has all members of another, recursively.
func holds(have, want any) bool {
	inner, isObject := want.(map[string]any)
	if !isObject {
		return reflect.DeepEqual(have, want)
	}
	outer, isObject := have.(map[string]any)
	for name, value := range inner {
		if _, present := outer[name]; !present || !holds(outer[name], value) {
			return false
		}
	}
	return isObject
}
