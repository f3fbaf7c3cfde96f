package intune_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// module is a key that does not leave its hardware.
type module struct {
	signer crypto.Signer
	broken error
	asked  []crypto.SignerOpts
}

func (m *module) Public() crypto.PublicKey { return m.signer.Public() }

func (m *module) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	m.asked = append(m.asked, opts)
	if m.broken != nil {
		return nil, m.broken
	}
	return m.signer.Sign(random, digest, opts)
}

// sentAssertion signs in and returns the parts of the assertion that was sent.
func sentAssertion(t *testing.T, cred intune.Credential) (header, claims map[string]any, signed string, signature []byte) {
	t.Helper()
	w := newWire(t, reply(200, `{"access_token":"t"}`))
	_, err := cred.Token(t.Context(), intune.TokenRequest{
		AuthorityURL: "https://login.example", Scope: "s/.default", HTTPClient: &http.Client{Transport: w.mock},
	})
	if err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(w.bodies[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"grant_type": "client_credentials", "client_id": app, "scope": "s/.default",
		"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
	} {
		if got := form.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if form.Has("client_secret") {
		t.Error("a secret was sent as well")
	}
	parts := strings.Split(form.Get("client_assertion"), ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	for i, into := range []*map[string]any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, into); err != nil {
			t.Fatal(err)
		}
	}
	if signature, err = base64.RawURLEncoding.DecodeString(parts[2]); err != nil {
		t.Fatal(err)
	}
	return header, claims, parts[0] + "." + parts[1], signature
}

func TestAssertionIsTheOneThatEntraWants(t *testing.T) {
	key, cert := applicationCertificate(t)
	hardware := &module{signer: key}
	before := time.Now().Unix()
	header, claims, signed, signature := sentAssertion(t, intune.ClientCertificate(tenant, app, []*x509.Certificate{cert}, hardware))

	thumbprint := sha256.Sum256(cert.Raw)
	want := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:])}
	for name, value := range want {
		if header[name] != value {
			t.Errorf("%s is %v, want %v", name, header[name], value)
		}
	}
	if len(header) != len(want) {
		t.Errorf("the header is %v", header)
	}
	if claims["aud"] != "https://login.example/"+tenant+"/oauth2/v2.0/token" || claims["iss"] != app || claims["sub"] != app || len(claims["jti"].(string)) != 36 {
		t.Errorf("the claims are %v", claims)
	}
	issued, _ := claims["iat"].(float64)
	if issued < float64(before) || claims["nbf"] != issued || claims["exp"] != issued+600 {
		t.Errorf("the times are %v", claims)
	}
	digest := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: sha256.Size}); err != nil {
		t.Error(err)
	}
	if len(hardware.asked) != 1 {
		t.Errorf("it was asked %d times", len(hardware.asked))
	}
}

func TestAssertionIsFreshForEveryToken(t *testing.T) {
	key, cert := applicationCertificate(t)
	cred := intune.ClientCertificate(tenant, app, []*x509.Certificate{cert}, key)
	_, first, _, _ := sentAssertion(t, cred)
	_, second, _, _ := sentAssertion(t, cred)
	if first["jti"] == second["jti"] {
		t.Error("the same assertion was sent twice")
	}
}

func TestAssertionCarriesTheChain(t *testing.T) {
	key, cert := applicationCertificate(t)
	issuer := newCertificate(t)
	header, _, _, _ := sentAssertion(t, intune.ClientCertificate(tenant, app, []*x509.Certificate{cert, issuer}, key))
	chain, _ := header["x5c"].([]any)
	if len(chain) != 2 || chain[0] != b64(cert.Raw) || chain[1] != b64(issuer.Raw) {
		t.Errorf("got %v", chain)
	}
}

func TestKeyThatCannotSignEndsTheCall(t *testing.T) {
	key, cert := applicationCertificate(t)
	broken := errors.New("the module is locked")
	hardware := &module{signer: key, broken: broken}
	err := get(t.Context(), newClient(t, intune.ClientCertificate(tenant, app, []*x509.Certificate{cert}, hardware)))
	if !errors.Is(err, broken) || len(hardware.asked) != 1 {
		t.Errorf("got %v after %d tries", err, len(hardware.asked))
	}
}

func TestUnusableCredentialsAreReportedByNewClient(t *testing.T) {
	key, cert := applicationCertificate(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expired := *cert
	expired.NotAfter = time.Now().Add(-time.Second)
	chain := []*x509.Certificate{cert}
	text := func(context.Context) (string, error) { return "x", nil }
	open := func(context.Context, string) error { return nil }
	tests := map[string]struct {
		cred intune.Credential
		want string
	}{
		"no certificate":           {intune.ClientCertificate(tenant, app, nil, key), "client certificate is missing"},
		"nil certificate":          {intune.ClientCertificate(tenant, app, []*x509.Certificate{nil}, key), "client certificate is missing"},
		"no key":                   {intune.ClientCertificate(tenant, app, chain, nil), "is nil"},
		"nil key":                  {intune.ClientCertificate(tenant, app, chain, (*rsa.PrivateKey)(nil)), "is nil"},
		"another key":              {intune.ClientCertificate(tenant, app, chain, other), "belongs to another certificate"},
		"ECDSA":                    {intune.ClientCertificate(tenant, app, []*x509.Certificate{newCertificate(t)}, ec), "is ECDSA: Microsoft Entra ID takes client assertions that are signed with RSA"},
		"expired":                  {intune.ClientCertificate(tenant, app, []*x509.Certificate{&expired}, key), "client certificate expired on"},
		"no tenant":                {intune.ClientCertificate("", app, chain, key), "tenant id is empty"},
		"no assertion":             {intune.ClientAssertion(tenant, app, nil), "client assertion is nil"},
		"assertion, no tenant":     {intune.ClientAssertion("", app, text), "tenant id is empty"},
		"assertion, bad client id": {intune.ClientAssertion(tenant, "a/b", text), "client id is malformed"},
		"no prompt":                {intune.DeviceCode(tenant, app, nil), "prompt is nil"},
		"no browser":               {intune.AuthorizationCode(tenant, app, nil), "open is nil"},
		"personal accounts":        {intune.AuthorizationCode("consumers", app, open), "personal Microsoft accounts are not supported"},
		"nil store":                {intune.AuthorizationCode(tenant, app, open, intune.WithTokenStore(nil)), "token store is nil"},
		"empty chain":              {intune.ChainedCredential(), "chained credential is empty"},
		"nil in a chain":           {intune.ChainedCredential(staticToken(), nil), "credential is nil"},
		"bad one in a chain":       {intune.ChainedCredential(staticToken(), intune.ClientSecret(tenant, "", "s")), "client id is empty"},
	}
	for name, test := range tests {
		client, err := intune.NewClient(test.cred)
		if client != nil || !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(err.Error(), "successor") != (name == "expired") {
			t.Errorf("%s: %v is beside the point", name, err)
		}
	}
}
