package entra_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

func TestClaimsAreRequested(t *testing.T) {
	const claims = `{"access_token":{}}`
	e := newEndpoint(t, reply(200, aToken))
	req := e.request()
	req.Claims = claims
	token, err := entra.ClientSecret(tenant, app, aSecret).Token(t.Context(), req)
	if err != nil || token.AccessToken != "t" || e.forms[0].Get("claims") != claims {
		t.Errorf("got %v, %v after %v", token, err, e.forms[0])
	}
}

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
func sentAssertion(t *testing.T, cred entra.SignIn) (header, claims map[string]any, signed string, signature []byte) {
	t.Helper()
	e := newEndpoint(t, reply(200, aToken))
	if _, err := cred.Token(t.Context(), e.request()); err != nil {
		t.Fatal(err)
	}
	form := e.forms[0]
	for name, want := range map[string]string{
		"grant_type": "client_credentials", "client_id": app, "scope": "https://graph.microsoft.com/.default",
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
	var err error
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
	header, claims, signed, signature := sentAssertion(t, entra.ClientCertificate(tenant, app, []*x509.Certificate{cert}, hardware))

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
	cred := entra.ClientCertificate(tenant, app, []*x509.Certificate{cert}, key)
	_, first, _, _ := sentAssertion(t, cred)
	_, second, _, _ := sentAssertion(t, cred)
	if first["jti"] == second["jti"] {
		t.Error("the same assertion was sent twice")
	}
}

func TestAssertionCarriesTheChain(t *testing.T) {
	key, cert := applicationCertificate(t)
	_, issuer := applicationCertificate(t)
	header, _, _, _ := sentAssertion(t, entra.ClientCertificate(tenant, app, []*x509.Certificate{cert, issuer}, key))
	chain, _ := header["x5c"].([]any)
	if len(chain) != 2 || chain[0] != base64.StdEncoding.EncodeToString(cert.Raw) || chain[1] != base64.StdEncoding.EncodeToString(issuer.Raw) {
		t.Errorf("got %v", chain)
	}
}

func TestKeyThatCannotSign(t *testing.T) {
	key, cert := applicationCertificate(t)
	broken := errors.New("the module is locked")
	hardware := &module{signer: key, broken: broken}
	_, err := entra.ClientCertificate(tenant, app, []*x509.Certificate{cert}, hardware).Token(t.Context(), newEndpoint(t).request())
	if !errors.Is(err, broken) || len(hardware.asked) != 1 {
		t.Errorf("got %v after %d tries", err, len(hardware.asked))
	}
}
