package intune_test

import (
	"context"
	"crypto"
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
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func signIn(w *wire) error {
	client := newClient(w.tb, intune.ClientSecretCredential(tenant, app, aSecret), intune.WithHTTPClient(&http.Client{Transport: w.mock}))
	return client.Do(context.Background(), "GET", "/x", nil, nil)
}

func TestClientSecretAsksForATokenAsEntraWantsIt(t *testing.T) {
	w := newWire(t, reply(200, `{"token_type":"Bearer","expires_in":3599,"access_token":"`+aToken+`"}`), reply(200, "{}"))
	if err := signIn(w); err != nil {
		t.Fatal(err)
	}
	req := w.requests[0]
	if got, want := req.Method+" "+req.URL.String(), "POST https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {aSecret}, "scope": {"https://graph.microsoft.com/.default"},
	}
	if !strings.HasPrefix(req.UserAgent(), "intune-go/") {
		t.Errorf("User-Agent %q", req.UserAgent())
	}
	if w.bodies[0] != want.Encode() || req.Header.Get("Authorization") != "" {
		t.Errorf("sent %s, %v", w.bodies[0], req.Header)
	}
	if got := w.requests[1].Header.Get("Authorization"); got != "Bearer "+aToken {
		t.Errorf("used %q", got)
	}
}

func TestClientSecretSendsClaims(t *testing.T) {
	w := newWire(t, reply(200, `{"access_token":"t"}`))
	token, err := intune.ClientSecretCredential(tenant, app, aSecret).Token(t.Context(), intune.TokenRequest{
		AuthorityURL: "https://login.example", Scope: "s", Claims: `{"access_token":{}}`, HTTPClient: &http.Client{Transport: w.mock},
	})
	if err != nil || token.AccessToken != "t" || !strings.Contains(w.bodies[0], "claims="+url.QueryEscape(`{"access_token":{}}`)) {
		t.Errorf("got %v, %v after %s", token, err, w.bodies[0])
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
	header, claims, signed, signature := sentAssertion(t, intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{cert}, hardware))

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
	cred := intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{cert}, key)
	_, first, _, _ := sentAssertion(t, cred)
	_, second, _, _ := sentAssertion(t, cred)
	if first["jti"] == second["jti"] {
		t.Error("the same assertion was sent twice")
	}
}

func TestAssertionCarriesTheChain(t *testing.T) {
	key, cert := applicationCertificate(t)
	issuer := newCertificate(t)
	header, _, _, _ := sentAssertion(t, intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{cert, issuer}, key))
	chain, _ := header["x5c"].([]any)
	if len(chain) != 2 || chain[0] != b64(cert.Raw) || chain[1] != b64(issuer.Raw) {
		t.Errorf("got %v", chain)
	}
}

func TestKeyThatCannotSignEndsTheCall(t *testing.T) {
	key, cert := applicationCertificate(t)
	broken := errors.New("the module is locked")
	hardware := &module{signer: key, broken: broken}
	err := get(t.Context(), newClient(t, intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{cert}, hardware)))
	if !errors.Is(err, broken) || len(hardware.asked) != 1 {
		t.Errorf("got %v after %d tries", err, len(hardware.asked))
	}
}

// TestClockSkew has a clock that differs from the service's.
func TestClockSkew(t *testing.T) {
	for ahead, want := range map[time.Duration]int{4 * time.Minute: 0, -4 * time.Minute: 0, 20 * time.Minute: 700024, -20 * time.Minute: 700024} {
		synctest.Test(t, func(t *testing.T) {
			how := methods(t)["ClientCertificateCredential"]
			server := memoryServer(t, append(how.options, intunetest.WithClockSkew(ahead))...)
			err := use(t.Context(), clientOf(t, server, how.cred(server)))
			if want == 0 {
				if err != nil {
					t.Errorf("%v ahead: %v", ahead, err)
				}
				return
			}
			if rejected := errorAs[*intune.AuthError](t, err); rejected.AADSTS != want || !strings.Contains(err.Error(), "clock") {
				t.Errorf("%v ahead: %v", ahead, err)
			}
		})
	}
}
