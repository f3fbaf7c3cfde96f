package interop_test

// This file makes an OpenID provider of github.com/zitadel/oidc that has the addresses of Microsoft Entra ID, and a service
// that takes its tokens.

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	tenant  = "contoso.onmicrosoft.com"
	oauthAt = "/" + tenant + "/oauth2/v2.0"
)

// provider is the OpenID provider on its socket, with the service at /beta/whoami.
type provider struct {
	*op.LegacyServer

	url       string
	authority *authority
	storage   *storage
	http      *http.Client // that reaches it

	mu         sync.Mutex
	assertions []string // that were sent to the token endpoint
	polls      []time.Time
}

// authority is zitadel's provider, but that it expects of an assertion what Microsoft Entra ID does: the token endpoint as
// its audience, and a certificate's thumbprint instead of a key id.
type authority struct {
	*op.Provider

	audience string
	keys     oidc.KeySet
}

const longestAge = 10 * time.Minute // of an assertion

func (a *authority) JWTProfileVerifier(context.Context) *op.JWTProfileVerifier {
	return op.NewJWTProfileVerifierKeySet(a.keys, a.audience, longestAge, 0)
}

// newProvider starts a provider on a loopback socket, or on listener.
func newProvider(t *testing.T, listener *intunetest.MemoryListener, trusted certificates) *provider {
	t.Helper()
	p := &provider{storage: newStorage(t), http: new(http.Client)}
	var l net.Listener = listener
	if listener != nil {
		p.http.Transport = &http.Transport{DialContext: listener.DialContext}
	} else {
		var err error
		if l, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	p.url = "http://" + l.Addr().String()
	issuer, err := op.NewProvider(&op.Config{
		CodeMethodS256: true, AuthMethodPost: true, AuthMethodPrivateKeyJWT: true, GrantTypeRefreshToken: true,
		DeviceAuthorization: op.DeviceAuthorizationConfig{
			Lifetime: 15 * time.Minute, PollInterval: 5 * time.Second, UserFormPath: "/device", UserCode: op.UserCodeBase20,
		},
	}, p.storage, op.StaticIssuer(p.url), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	p.authority = &authority{issuer, p.url + oauthAt + "/token", trusted}
	p.LegacyServer = op.NewLegacyServer(p.authority, op.Endpoints{
		Authorization:       op.NewEndpoint(oauthAt + "/authorize"),
		Token:               op.NewEndpoint(oauthAt + "/token"),
		DeviceAuthorization: op.NewEndpoint(oauthAt + "/devicecode"),
	})
	mux := http.NewServeMux()
	mux.Handle("/", op.RegisterLegacyServer(p, op.AuthorizeCallbackHandler(p.authority)))
	mux.HandleFunc("/login", p.login)
	mux.HandleFunc("/beta/whoami", p.whoAmI)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() {
		p.http.CloseIdleConnections()
		_ = server.Close()
	})
	return p
}

// VerifyClient has zitadel verify the assertion of an application that signs in as itself. By default zitadel does so for
// the other grants alone, and asks for a secret in this one.
func (p *provider) VerifyClient(ctx context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	p.note(r)
	if r.Data.ClientAssertion == "" {
		return p.LegacyServer.VerifyClient(ctx, r)
	}
	client, err := op.AuthorizePrivateJWTKey(ctx, r.Data.ClientAssertion, p.authority)
	switch {
	case err != nil:
		return nil, oidc.ErrInvalidClient().WithParent(err).WithDescription("%s", err)
	case client.GetID() != r.Data.ClientID:
		return nil, oidc.ErrInvalidClient().WithDescription("the assertion is another client's")
	}
	return client, nil
}

func (p *provider) note(r *op.Request[op.ClientCredentials]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Form.Get("grant_type") == string(oidc.GrantTypeDeviceCode) {
		p.polls = append(p.polls, time.Now())
	}
	if r.Data.ClientAssertion != "" {
		p.assertions = append(p.assertions, r.Data.ClientAssertion)
	}
}

// certificates are those by which applications sign in: registered ones, and ones that an issuer vouches for.
type certificates struct {
	registered []*x509.Certificate
	issuer     *x509.Certificate
}

// VerifySignature has go-jose verify the signature with the certificate that the header names, or holds.
func (c certificates) VerifySignature(_ context.Context, jws *jose.JSONWebSignature) ([]byte, error) {
	header := jws.Signatures[0].Protected
	for _, cert := range c.registered {
		thumbprint := sha256.Sum256(cert.Raw)
		if header.ExtraHeaders["x5t#S256"] == base64.RawURLEncoding.EncodeToString(thumbprint[:]) {
			return jws.Verify(cert.PublicKey)
		}
	}
	if c.issuer == nil {
		return nil, errors.New("no certificate with this thumbprint is registered")
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.issuer)
	chains, err := header.Certificates(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return nil, err
	}
	return jws.Verify(chains[0][0].PublicKey)
}

// login signs the user in at once, and goes on to the application.
func (p *provider) login(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	if err := p.storage.signUserIn(id); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, oauthAt+"/authorize/callback?id="+id, http.StatusFound)
}

// identity is whom a token is about.
type identity struct {
	Subject, ClientID string
	Scopes            []string
}

// whoAmI has zitadel verify the token.
func (p *provider) whoAmI(w http.ResponseWriter, r *http.Request) {
	verifier := op.NewAccessTokenVerifier(p.url, &op.OpenIDKeySet{Storage: p.storage})
	claims, err := op.VerifyAccessToken[*oidc.AccessTokenClaims](r.Context(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), verifier)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(identity{claims.Subject, claims.ClientID, claims.Scopes})
}

// client signs in at the provider, by default at the address that the provider knows itself by.
func (p *provider) client(t *testing.T, cred intune.Credential, authorityURL string) *intune.Client {
	t.Helper()
	client, err := intune.NewClient(cred,
		intune.WithAuthorityURL(cmp.Or(authorityURL, p.url)), intune.WithBaseURL(p.url), intune.WithHTTPClient(p.http))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// whoIs asks the service whom the client's token is about.
func whoIs(t *testing.T, client *intune.Client) (who identity, err error) {
	t.Helper()
	err = client.Do(t.Context(), http.MethodGet, "/whoami", nil, &who)
	return who, err
}
