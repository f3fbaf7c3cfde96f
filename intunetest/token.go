package intunetest

import (
	"crypto/rand"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// grant is what an access token stands for.
type grant struct {
	resource    string
	permissions []string
	expires     time.Time
}

// graphResources are the Graph roots of the clouds: the emulator stands for any of them.
var graphResources = []string{
	"https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us",
	"https://microsoftgraph.chinacloudapi.cn",
}

// token is the token endpoint of Microsoft Entra ID for the client credentials grant.
func (s *Server) token(r *http.Request, body []byte, ids ids) *answer {
	form, err := url.ParseQuery(string(body))
	tenant, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	resource, isDefault := strings.CutSuffix(form.Get("scope"), "/.default")
	refuse := func(status int, code string, aadsts int, text string) *answer {
		return oauthError(status, code, aadsts, text, ids)
	}
	switch {
	case r.Method != http.MethodPost:
		return refuse(http.StatusMethodNotAllowed, "invalid_request", 900561, "The endpoint only accepts POST requests.")
	case err != nil, !isMediaType(r, "application/x-www-form-urlencoded"):
		return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must be form-encoded.")
	case !strings.EqualFold(tenant, TenantID):
		return refuse(http.StatusBadRequest, "invalid_request", 90002, fmt.Sprintf("Tenant '%s' not found.", tenant))
	case form.Get("grant_type") != "client_credentials":
		return refuse(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
	case !strings.EqualFold(form.Get("client_id"), ClientID):
		return refuse(http.StatusBadRequest, "unauthorized_client", 700016, fmt.Sprintf("Application with identifier '%s' was not found in the directory.", form.Get("client_id")))
	case form.Get("client_secret") == "":
		return refuse(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case form.Get("client_secret") != ClientSecret:
		return refuse(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.")
	case !isDefault || !strings.HasPrefix(resource, "https://"):
		return refuse(http.StatusBadRequest, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
	}
	token := rand.Text() + rand.Text()
	s.mu.Lock()
	s.tokens[token] = grant{resource, s.permissions, time.Now().Add(s.tokenLifetime)}
	s.mu.Unlock()
	seconds := int(s.tokenLifetime / time.Second)
	return jsonAnswer(http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
	})
}

// oauthError is a refusal in the shape of Microsoft Entra ID.
func oauthError(status int, code string, aadsts int, text string, ids ids) *answer {
	timestamp := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	correlation := newGUID()
	return jsonAnswer(status, map[string]any{
		"error": code,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			aadsts, text, ids.request, correlation, timestamp),
		"error_codes": []int{aadsts},
		"timestamp":   timestamp, "trace_id": ids.request, "correlation_id": correlation,
		"error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", aadsts),
	})
}

func isMediaType(r *http.Request, want string) bool {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && got == want
}
