package intunetest

// This file is the token endpoint: it finds the grant, and issues the tokens.

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// grant is what the application has been granted, on its own behalf or a user's.
type grant struct {
	scope   scope
	claims  string   // that it was asked for with, a JSON object or ""
	nonce   string   // for the id token
	session *session // of the user, nil where there is none
}

// session is a user's sign-in: the grants that follow from it end with it.
type session struct{ revoked bool }

// accessToken is what an access token stands for.
type accessToken struct {
	resource    string
	permissions []string
	claims      string
	expires     time.Time
}

// graphResources are the Graph roots of the clouds: the emulator stands for any of them.
var graphResources = []string{
	"https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us",
	"https://microsoftgraph.chinacloudapi.cn",
}

// token is the token endpoint of Microsoft Entra ID.
func (s *Server) token(c *entraCall) (*answer, *refusal) {
	if no := c.read(http.MethodPost); no != nil {
		return nil, no
	}
	var redeem func(*entraCall) (*grant, *refusal)
	switch c.form.Get("grant_type") {
	case "client_credentials":
		redeem = s.redeemCredentials
	case "urn:ietf:params:oauth:grant-type:device_code", "device_code": // as MSAL for Go calls it
		redeem = s.redeemDeviceCode
	case "authorization_code":
		redeem = s.redeemCode
	case "refresh_token":
		redeem = s.redeemRefreshToken
	default:
		return nil, unsupportedGrant.because()
	}
	granted, no := redeem(c)
	if no != nil {
		return nil, no
	}
	return s.issue(c, granted), nil
}

// issue answers with an access token and, to a user's client, with the other tokens that it asked for.
func (s *Server) issue(c *entraCall, granted *grant) *answer {
	seconds := int(s.tokenLifetime / time.Second)
	issued := map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": s.newAccessToken(c, granted),
	}
	if granted.session != nil {
		issued["scope"] = s.spell(granted.scope)
		if granted.scope.offline {
			issued["refresh_token"] = s.newRefreshToken(granted)
		}
		if granted.scope.openID {
			issued["id_token"] = s.newIDToken(c, granted)
		}
		if c.form.Get("client_info") == "1" {
			issued["client_info"] = clientInfo()
		}
	}
	return jsonAnswer(http.StatusOK, issued)
}

func (s *Server) newAccessToken(c *entraCall, granted *grant) string {
	token := newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = accessToken{
		resource:    granted.scope.resource,
		permissions: s.permitted(granted.scope),
		claims:      cmp.Or(c.form.Get("claims"), granted.claims),
		expires:     time.Now().Add(s.tokenLifetime),
	}
	return token
}

// newSecret is for whatever only its holder knows.
func newSecret() string { return rand.Text() + rand.Text() }

// scope is what the parameter of that name asks for.
type scope struct {
	words           []string // as it is spelled, but for offline_access
	resource        string
	permissions     []string // nil for .default, which stands for all that the application has
	openID, offline bool
}

// parseScope reads the permissions, of one resource.
func parseScope(text string) (scope, *refusal) {
	var parsed scope
	isDefault := false
	for word := range strings.FieldsSeq(text) {
		if word == "offline_access" {
			parsed.offline = true
			continue
		}
		parsed.words = append(parsed.words, word)
		if slices.Contains([]string{"openid", "profile", "email"}, word) {
			parsed.openID = parsed.openID || word == "openid"
			continue
		}
		resource, name := graphResources[0], word
		if at := strings.LastIndex(word, "/"); at >= 0 {
			resource, name = word[:at], word[at+1:]
		}
		if !strings.HasPrefix(resource, "https://") || name == "" || parsed.resource != "" && parsed.resource != resource {
			return scope{}, invalidScope.because()
		}
		parsed.resource = resource
		if name == ".default" {
			isDefault = true
			continue
		}
		parsed.permissions = append(parsed.permissions, name)
	}
	if parsed.resource == "" || isDefault && parsed.permissions != nil {
		return scope{}, invalidScope.because()
	}
	return parsed, nil
}

// permitted are the permissions that the scope stands for.
func (s *Server) permitted(asked scope) []string {
	if asked.permissions == nil {
		return s.permissions
	}
	return asked.permissions
}

// spell writes the scope as it was granted: clients look for what they asked for, .default included.
func (s *Server) spell(granted scope) string {
	var words []string
	if granted.permissions == nil {
		for _, name := range s.permissions {
			words = append(words, granted.resource+"/"+name)
		}
	}
	return strings.Join(append(words, granted.words...), " ")
}
