package graph

// This file checks access tokens and permissions, and challenges tokens that lack claims:
// https://learn.microsoft.com/entra/identity-platform/claims-challenge.

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

const wwwAuthenticate = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"`

// roots are the Graph roots of the clouds: the emulator stands for any of them.
var roots = []string{
	"https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us",
	"https://microsoftgraph.chinacloudapi.cn",
}

// The sources disagree about which family of permissions the collection needs: either is enough.
var (
	writePermissions = []string{"DeviceManagementApps.ReadWrite.All", "DeviceManagementConfiguration.ReadWrite.All"}
	readPermissions  = append([]string{"DeviceManagementApps.Read.All", "DeviceManagementConfiguration.Read.All"}, writePermissions...)
)

// authenticate checks the access token.
func (s *Server) authenticate(c *call) *exchange.Response {
	token := exchange.Bearer(c.Request)
	granted, known := s.config.Lookup(token)
	c.token = granted
	s.mu.Lock()
	challenge := s.challenge
	s.mu.Unlock()
	switch {
	case token == "":
		return c.unauthorized("Access token is empty.")
	case !known:
		return c.unauthorized("CompactToken parsing failed with error code: 80049217")
	case !time.Now().Before(granted.Expires):
		return c.unauthorized("Lifetime validation failed, the token is expired.")
	case !slices.Contains(roots, granted.Resource):
		return c.unauthorized("Access token validation failure. Invalid audience.")
	case !satisfies(granted.Claims, challenge):
		return c.challenge(challenge)
	}
	return nil
}

func (c *call) unauthorized(message string) *exchange.Response {
	response := c.fail(http.StatusUnauthorized, "InvalidAuthenticationToken", message)
	response.SetHeader("WWW-Authenticate", wwwAuthenticate)
	return response
}

// authorize checks the tenant's license, and the permissions of a token that has been authenticated.
func (s *Server) authorize(c *call) *exchange.Response {
	if !s.config.License {
		return c.fail(http.StatusBadRequest, "BadRequest", "Request not applicable to target tenant.")
	}
	sufficient := writePermissions
	if c.Method == http.MethodGet {
		sufficient = readPermissions
	}
	if slices.ContainsFunc(c.token.Permissions, func(name string) bool { return slices.Contains(sufficient, name) }) {
		return nil
	}
	return intuneError(http.StatusForbidden, "Forbidden", "Application is not authorized to perform this operation. "+
		"Application must have one of the following scopes: "+strings.Join(sufficient, ", "), c.ids)
}

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
