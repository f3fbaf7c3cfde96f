// Package claims reads claims challenges: the service asks for a token with certain claims.
package claims

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// Challenge returns the claims that a response asks for, as a JSON object, or "" if it asks for none. Conditional access
// and continuous access evaluation send it with status 401 or 403:
//
//	WWW-Authenticate: Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOns…"
//
// See https://learn.microsoft.com/entra/identity-platform/claims-challenge.
func Challenge(status int, header http.Header) string {
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return ""
	}
	for _, challenge := range header.Values("WWW-Authenticate") {
		for _, parameter := range authParameter.FindAllStringSubmatch(challenge, maxParameters) {
			if !strings.EqualFold(parameter[1], "claims") {
				continue
			}
			if claims := decode(parameter[2] + parameter[3]); claims != "" {
				return claims
			}
		}
	}
	return ""
}

// authParameter matches a parameter of a challenge (RFC 9110, section 11.2): a quoted string or a token.
var authParameter = regexp.MustCompile(`([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))`)

const maxParameters = 100

// decode reads base64 in the standard or the URL alphabet, with or without padding. It returns "" unless the result is
// a JSON object.
func decode(text string) string {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	claims, err := base64.RawStdEncoding.DecodeString(text)
	var object map[string]json.RawMessage
	if err != nil || json.Unmarshal(claims, &object) != nil || object == nil {
		return ""
	}
	return string(claims)
}
