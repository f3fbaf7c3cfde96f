package intune

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Credential obtains access tokens. The client caches them, so Token is called only when a new one is needed, for many
// callers at once, and possibly by several clients at the same time. An implementation honours ctx and puts no secret
// into its errors. It returns an *AuthError for a refusal; other errors are final too, but for those of the network.
type Credential interface {
	Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error)
}

// TokenRequest says which token a client needs.
type TokenRequest struct {
	AuthorityURL string       // the Microsoft Entra root, without a slash at its end
	Scope        string       // "https://graph.microsoft.com/.default", or the cloud's own
	Claims       string       // a claims challenge of the service, a JSON object; "" where there was none
	Refresh      bool         // the last token was refused: one from a cache of the credential's own will not do
	HTTPClient   *http.Client // by which to reach the token endpoint; it follows no redirects
}

// validator is a credential that can tell a mistake before anything is sent.
type validator interface{ validate() error }

func validateCredential(cred Credential) error {
	if cred == nil {
		return &InputError{Name: "credential", Problem: "is nil"}
	}
	if v, ok := cred.(validator); ok {
		return v.validate()
	}
	return nil
}

// authority is a credential that knows its Microsoft Entra root.
type authority interface{ authorityURL() string }

// TokenSource uses the tokens of source, which must be for Microsoft Graph in the client's cloud.
func TokenSource(source oauth2.TokenSource) Credential {
	if source == nil {
		return new(tokenSource)
	}
	return &tokenSource{source.Token}
}

// tokenSource keeps the source behind a function, because fmt prints fields, and a source may hold a token.
type tokenSource struct {
	token func() (*oauth2.Token, error) // nil without a source
}

func (c *tokenSource) Token(context.Context, TokenRequest) (*oauth2.Token, error) { return c.token() }

func (c *tokenSource) validate() error {
	if c.token == nil {
		return &InputError{Name: "token source", Problem: "is nil"}
	}
	return nil
}

// registration is an application in a tenant.
type registration struct{ tenantID, clientID string }

// validate checks what goes into the token endpoint's URL and form. Whether the ids exist is for the endpoint to say.
func (r registration) validate() error {
	for _, id := range []struct{ name, value, want string }{
		{"tenant id", r.tenantID, "its GUID or one of its domain names"}, {"client id", r.clientID, "a GUID"},
	} {
		switch {
		case id.value == "":
			return &InputError{Name: id.name, Problem: "is empty"}
		case strings.Trim(id.value, idCharacters) != "" || strings.Trim(id.value, ".") == "":
			return &InputError{Name: id.name, Problem: "is malformed: want " + id.want}
		}
	}
	if strings.EqualFold(r.tenantID, "consumers") || strings.EqualFold(r.tenantID, tenantOfPersons) {
		return &InputError{Name: "tenant id", Problem: "is consumers: personal Microsoft accounts are not supported by this API"}
	}
	return nil
}

// tenantOfPersons is the id behind "consumers".
const tenantOfPersons = "9188040d-6c67-4c5b-b112-36a304b66dad"

const idCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

// endpoint is the address of one of the tenant's OAuth endpoints.
func (r registration) endpoint(req TokenRequest, name string) string {
	return req.AuthorityURL + "/" + url.PathEscape(r.tenantID) + "/oauth2/v2.0/" + name
}

// token asks the token endpoint. params holds the grant's own parameters, and grant_type unless it is client_credentials.
// secrets are those of its values that no error may hold.
func (r registration) token(ctx context.Context, req TokenRequest, scopes string, params url.Values, secrets ...string) (*oauth2.Token, error) {
	config := clientcredentials.Config{
		ClientID:       r.clientID,
		TokenURL:       r.endpoint(req, "token"),
		Scopes:         []string{scopes},
		EndpointParams: params,
		AuthStyle:      oauth2.AuthStyleInParams,
	}
	if req.Claims != "" {
		params.Set("claims", req.Claims)
	}
	token, err := config.Token(withHTTPClient(ctx, req))
	if err != nil {
		return nil, authError(err, secrets...)
	}
	return token, nil
}

// withHTTPClient has x/oauth2 use the client's own transport.
func withHTTPClient(ctx context.Context, req TokenRequest) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, cmp.Or(req.HTTPClient, http.DefaultClient))
}
