package entra

// This file tells clients where the endpoints are, and by which key the id tokens are signed.

import (
	"encoding/base64"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// issuer is the issuer of the tenant's tokens. It follows the host that the client asks, because clients compare the two.
func (s *Server) issuer(c *call) string { return c.origin + "/" + s.config.TenantID + "/v2.0" }

// publishedIssuer is the issuer in the documents of a tenant: for organizations and common a template.
func (s *Server) publishedIssuer(c *call) string {
	if isShared(c.tenant) {
		return c.origin + "/{tenantid}/v2.0"
	}
	return s.issuer(c)
}

func (s *Server) openIDConfiguration(c *call) (*exchange.Response, *rejection) {
	tenant := c.origin + "/" + c.tenant
	var region any // of a tenant
	if !isShared(c.tenant) {
		region = "WW"
	}
	return exchange.JSON(http.StatusOK, map[string]any{
		"token_endpoint":                        tenant + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              tenant + "/discovery/v2.0/keys",
		"response_modes_supported":              responseModes,
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                s.publishedIssuer(c),
		"request_uri_parameter_supported":       false,
		"userinfo_endpoint":                     c.origin + "/oidc/userinfo",
		"authorization_endpoint":                tenant + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         tenant + "/oauth2/v2.0/devicecode",
		"http_logout_supported":                 true,
		"frontchannel_logout_supported":         true,
		"end_session_endpoint":                  tenant + "/oauth2/v2.0/logout",
		"claims_supported": []string{
			"sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email",
		},
		"kerberos_endpoint":     tenant + "/kerberos",
		"tenant_region_scope":   region,
		"cloud_instance_name":   "microsoftonline.com",
		"cloud_graph_host_name": "graph.windows.net",
		"msgraph_host":          c.Host,
		"rbac_url":              "https://pas.windows.net",
	}), nil
}

func (s *Server) signingKeys(c *call) (*exchange.Response, *rejection) {
	public := s.signingKey().PublicKey
	return exchange.JSON(http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": signingKeyID, "issuer": s.publishedIssuer(c),
		"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}}}), nil
}

// instanceDiscovery tells the libraries of Microsoft whether an authority is one of Microsoft Entra ID's: this server is.
// The libraries ask a well-known host, unless they are told to trust the authority.
func (s *Server) instanceDiscovery(c *call) (*exchange.Response, *rejection) {
	authorization, err := url.Parse(c.form.Get("authorization_endpoint"))
	if err != nil || !slices.Contains([]string{c.origin, s.config.Root}, authorization.Scheme+"://"+authorization.Host) {
		return nil, unknownInstance.because()
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(authorization.Path, "/"), "/")
	host := authorization.Host
	scheme, _, _ := strings.Cut(c.origin, ":")
	return exchange.JSON(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": scheme + "://" + host + "/" + tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	}), nil
}
