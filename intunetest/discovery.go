package intunetest

// This file tells clients where the endpoints are, and by which key the id tokens are signed.

import (
	"encoding/base64"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// issuer is that of the tenant. It follows the host that the client asks, because clients compare the two.
func (c *entraCall) issuer() string { return c.origin + "/" + TenantID + "/v2.0" }

func (s *Server) openIDConfiguration(c *entraCall) (*answer, *refusal) {
	if no := c.read(http.MethodGet); no != nil {
		return nil, no
	}
	tenant := c.origin + "/" + c.tenant
	return jsonAnswer(http.StatusOK, map[string]any{
		"issuer":                                c.issuer(),
		"authorization_endpoint":                tenant + "/oauth2/v2.0/authorize",
		"token_endpoint":                        tenant + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         tenant + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              tenant + "/discovery/v2.0/keys",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"code_challenge_methods_supported":      []string{"S256"},
	}), nil
}

func (s *Server) signingKeys(c *entraCall) (*answer, *refusal) {
	if no := c.read(http.MethodGet); no != nil {
		return nil, no
	}
	public := s.signingKey().PublicKey
	return jsonAnswer(http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": signingKeyID, "issuer": c.issuer(),
		"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}}}), nil
}

// instanceDiscovery answers what the libraries of Microsoft ask first, and of a well-known host: whether the authority
// is one of Microsoft Entra ID's. Here it is where it is this server.
func (s *Server) instanceDiscovery(c *entraCall) (*answer, *refusal) {
	authorization, err := url.Parse(c.URL.Query().Get("authorization_endpoint"))
	switch {
	case c.Method != http.MethodGet:
		return nil, wrongMethod.because(http.MethodGet)
	case err != nil || !slices.Contains([]string{c.Host, s.listener.Addr().String()}, authorization.Host):
		return nil, unknownInstance.because()
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(authorization.Path, "/"), "/")
	host := authorization.Host
	return jsonAnswer(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": s.scheme() + "://" + host + "/" + tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	}), nil
}
