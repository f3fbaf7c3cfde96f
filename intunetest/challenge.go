package intunetest

// This file is continuous access evaluation: https://learn.microsoft.com/entra/identity-platform/claims-challenge.

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
)

// ChallengeClaims makes Graph refuse each access token with a claims challenge, but one that was asked for with these
// claims, more of them or not. Claims are a JSON object, such as {"access_token":{"nbf":{"essential":true,"value":"1"}}};
// ChallengeClaims panics on anything else. The claims of the last call count.
func (s *Server) ChallengeClaims(claims string) {
	if !isObject(claims) {
		panic(fmt.Sprintf("intunetest: the claims %q are not a JSON object", claims))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.challenge = claims
}

// answerChallenge challenges the client for claims.
func answerChallenge(claims string, ids ids) *answer {
	a := graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", "Continuous access evaluation resulted in challenge "+
		"with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp", ids)
	a.setHeader("WWW-Authenticate", fmt.Sprintf(`%s, error="insufficient_claims", claims="%s"`,
		wwwAuthenticate, base64.StdEncoding.EncodeToString([]byte(claims))))
	return a
}

// satisfies says whether the claims that a token was asked for with hold those of the challenge, if there is one.
func satisfies(asked, challenge string) bool {
	var have, want any
	_ = json.Unmarshal([]byte(asked), &have) // nothing, or what has been found to be an object
	_ = json.Unmarshal([]byte(challenge), &want)
	return challenge == "" || holds(have, want)
}

// holds says whether an object has all members of another, and so on inwards.
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
