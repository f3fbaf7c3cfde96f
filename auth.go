package intune

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
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
	Claims       string       // a claims challenge of the service, "" where there was none
	Refresh      bool         // the last token was refused: one from a cache of the credential's own will not do
	HTTPClient   *http.Client // by which to reach the token endpoint; it follows no redirects
}

// validator is a credential that can tell a mistake before anything is sent.
type validator interface{ validate() error }

// authority is a credential that knows its Microsoft Entra root.
type authority interface{ authorityURL() string }

// ClientSecret signs an application in with a client secret: OAuth's client credentials grant. tenantID is the
// tenant's GUID or one of its domain names.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
func ClientSecret(tenantID, clientID, secret string) Credential {
	return &clientSecret{tenantID, clientID, func() string { return secret }}
}

// clientSecret keeps the secret in a closure, because fmt prints fields, the unexported ones too.
type clientSecret struct {
	tenantID, clientID string
	secret             func() string
}

func (c *clientSecret) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	config := clientcredentials.Config{
		ClientID:     c.clientID,
		ClientSecret: c.secret(),
		TokenURL:     req.AuthorityURL + "/" + url.PathEscape(c.tenantID) + "/oauth2/v2.0/token",
		Scopes:       []string{req.Scope},
		AuthStyle:    oauth2.AuthStyleInParams,
	}
	if req.Claims != "" {
		config.EndpointParams = url.Values{"claims": {req.Claims}}
	}
	client := cmp.Or(req.HTTPClient, http.DefaultClient)
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return nil, authError(err, c.secret())
	}
	return token, nil
}

func (c *clientSecret) validate() error {
	if err := validateIDs(c.tenantID, c.clientID); err != nil {
		return err
	}
	switch secret := c.secret(); {
	case secret == "":
		return &InputError{Name: "client secret", Problem: "is empty"}
	case strings.TrimSpace(secret) != secret:
		return &InputError{Name: "client secret", Problem: "begins or ends with white space"}
	}
	return nil
}

// validateIDs checks what goes into the token endpoint's URL and form. Whether the ids exist is for the endpoint to say.
func validateIDs(tenantID, clientID string) error {
	for _, id := range []struct{ name, value, want string }{
		{"tenant id", tenantID, "its GUID or one of its domain names"}, {"client id", clientID, "a GUID"},
	} {
		switch {
		case id.value == "":
			return &InputError{Name: id.name, Problem: "is empty"}
		case strings.Trim(id.value, idCharacters) != "" || strings.Trim(id.value, ".") == "":
			return &InputError{Name: id.name, Problem: "is malformed: want " + id.want}
		}
	}
	if strings.EqualFold(tenantID, "consumers") {
		return &InputError{Name: "tenant id", Problem: "is consumers: personal Microsoft accounts are not supported by this API"}
	}
	return nil
}

const idCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

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

// EnvironmentCredential reads AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, and AZURE_AUTHORITY_HOST where
// it is set, over which WithAuthorityURL takes precedence. It names every variable that is missing.
func EnvironmentCredential() (Credential, error) {
	var missing []string
	read := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	tenantID, clientID, secret := read("AZURE_TENANT_ID"), read("AZURE_CLIENT_ID"), read("AZURE_CLIENT_SECRET")
	if len(missing) > 0 {
		return nil, &InputError{Name: "environment", Problem: "lacks " + strings.Join(missing, ", ")}
	}
	signIn := &clientSecret{tenantID, clientID, func() string { return secret }}
	if err := signIn.validate(); err != nil {
		return nil, err
	}
	cred := &environment{Credential: signIn}
	if host := os.Getenv("AZURE_AUTHORITY_HOST"); host != "" {
		root, err := rootURL("AZURE_AUTHORITY_HOST", host)
		if err != nil {
			return nil, err
		}
		cred.host = root
	}
	return cred, nil
}

type environment struct {
	Credential

	host string
}

func (c *environment) authorityURL() string { return c.host }

// authError makes an *AuthError of a refusal by x/oauth2. Its own error holds the whole answer, in which a hostile
// endpoint could echo the secrets that were sent to it.
func authError(err error, secrets ...string) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return err
	}
	description, ids := splitDescription(mask(refused.ErrorDescription, secrets...))
	e := &AuthError{
		Code:          mask(refused.ErrorCode, secrets...),
		Description:   description,
		TraceID:       ids["Trace ID"],
		CorrelationID: ids["Correlation ID"],
	}
	if number := aadsts.FindStringSubmatch(description); number != nil {
		e.AADSTS, _ = strconv.Atoi(number[1]) // at most nine digits
	}
	if refused.Response != nil {
		e.StatusCode = refused.Response.StatusCode
		e.RetryAfter, _ = retryAfter(refused.Response.Header.Get("Retry-After"), headerDate(refused.Response.Header))
	}
	return e
}

var (
	aadsts        = regexp.MustCompile(`^AADSTS(\d{1,9})\b`)
	descriptionID = regexp.MustCompile(`\s*(Trace ID|Correlation ID|Timestamp): (\S+)`)
)

// splitDescription takes the ids off the end of an error_description.
func splitDescription(text string) (description string, ids map[string]string) {
	ids = make(map[string]string)
	at := descriptionID.FindAllStringSubmatchIndex(text, 3)
	for _, m := range at {
		ids[text[m[2]:m[3]]] = text[m[4]:m[5]]
	}
	if len(at) > 0 {
		text = text[:at[0][0]]
	}
	return strings.TrimSpace(text), ids
}

// mask hides secrets in text from outside, and parts of them: an echo may be cut short, or escaped where JSON has to
// escape nothing.
func mask(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		text = strings.ReplaceAll(text, secret, "***")
		text = run.ReplaceAllStringFunc(text, func(part string) string {
			if part[0] == '\\' || !strings.Contains(secret, part) {
				return part
			}
			return "***"
		})
	}
	return text
}

// run is a stretch of what base64 and tokens are made of that no encoding of text changes, or an escape of JSON's.
var run = regexp.MustCompile(`\\u[0-9A-Fa-f]{4}|\\.|[A-Za-z0-9]{8,}`)

// isPassing tells a failure to obtain a token that may pass by itself from a final one.
func isPassing(err error) bool {
	var refused *AuthError
	if errors.As(err, &refused) {
		return refused.StatusCode == http.StatusTooManyRequests || refused.StatusCode >= http.StatusInternalServerError
	}
	var distrusted *tls.CertificateVerificationError
	if errors.As(err, &distrusted) {
		return false
	}
	var request *url.Error
	var network net.Error
	return errors.As(err, &request) || errors.As(err, &network)
}
