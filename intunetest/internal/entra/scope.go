package entra

// This file reads and writes the parameter scope, and decides whether the application may have what it asks for.

import (
	"slices"
	"strings"
)

const (
	defaultResource = "https://graph.microsoft.com"          // of permissions that name none
	graphID         = "00000003-0000-0000-c000-000000000000" // Graph's own application, whose id stands for the resource
)

// scope is what the parameter of that name asks for.
type scope struct {
	words           []string // as spelled in the request, without offline_access
	resource        string
	permissions     []string // nil for .default, which stands for all that the application has
	openID, offline bool
}

// parseScope reads the permissions, of one resource.
func parseScope(text string) (scope, *rejection) {
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
		resource, name := defaultResource, word
		if at := strings.LastIndex(word, "/"); at >= 0 {
			resource, name = strings.TrimSuffix(word[:at], "/"), word[at+1:]
		}
		if resource == graphID {
			resource = defaultResource
		}
		if !strings.HasPrefix(resource, "https://") || name == "" || parsed.resource != "" && parsed.resource != resource {
			return scope{}, invalidScope.because(text)
		}
		parsed.resource = resource
		if name == ".default" {
			isDefault = true
			continue
		}
		parsed.permissions = append(parsed.permissions, name)
	}
	if parsed.resource == "" || isDefault && parsed.permissions != nil {
		return scope{}, invalidScope.because(text)
	}
	return parsed, nil
}

// spell writes the scope as it was granted: clients look for what they asked for, .default included.
func (granted scope) spell(permissions []string) string {
	var words []string
	if granted.permissions == nil {
		for _, name := range permissions {
			words = append(words, granted.resource+"/"+name)
		}
	}
	return strings.Join(append(words, granted.words...), " ")
}

// askUser reads the scope that a client asks a user for.
func (s *Server) askUser(c *call) (*grant, *rejection) {
	if rejected := c.require("scope"); rejected != nil {
		return nil, rejected
	}
	asked, rejected := parseScope(c.form.Get("scope"))
	if rejected != nil {
		return nil, rejected
	}
	person := s.person(c.form.Get("login_hint"))
	if person == nil {
		return nil, unknownPerson.because(c.form.Get("login_hint"), s.config.Domain)
	}
	return &grant{asked, c.form.Get("claims"), c.form.Get("nonce"), person}, nil
}

// checkConsent rejects a permission that the application has not been granted. All permissions of the collection need
// an administrator's consent, so the user cannot grant them.
func (s *Server) checkConsent(asked scope) *rejection {
	for _, name := range asked.permissions {
		if !slices.Contains(s.config.Permissions, name) {
			return notConsented.because(s.config.ClientID, name)
		}
	}
	return nil
}
