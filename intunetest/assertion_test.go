package intunetest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// fields are those of a token's header, or its claims. One whose value is nil is left out.
type fields = map[string]any

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// The keys are made once, since that takes a moment.
var (
	clientKey = sync.OnceValue(newKey)
	otherKey  = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// issue makes a certificate for a public key, self-signed if there is no issuer.
func issue(t *testing.T, name string, public crypto.PublicKey, issuer *x509.Certificate, key crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"dns." + name},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func clientCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	return issue(t, "app.contoso.com", clientKey().Public(), nil, clientKey())
}

// sign makes a token, with the algorithm that the header names.
func sign(t *testing.T, key crypto.Signer, header, claims fields) string {
	t.Helper()
	var parts []string
	for _, part := range []fields{header, claims} {
		part = maps.Clone(part)
		maps.DeleteFunc(part, func(_ string, value any) bool { return value == nil })
		encoded, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(encoded))
	}
	signed := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	var err error
	switch header["alg"] {
	case "PS256":
		signature, err = key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	case "none":
	default:
		signature, err = key.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// assertion makes an assertion as the documentation says, with changes to its header and its claims.
func (w *wire) assertion(cert *x509.Certificate, changes ...fields) string {
	w.Helper()
	return w.assertionBy(clientKey(), cert, changes...)
}

func (w *wire) assertionBy(key crypto.Signer, cert *x509.Certificate, changes ...fields) string {
	w.Helper()
	now := time.Now()
	header := fields{"alg": "PS256", "typ": "JWT", "x5t#S256": base64url(sha256Of(cert))}
	claims := fields{
		"aud": w.server.URL() + "/" + intunetest.TenantID + "/oauth2/v2.0/token", "iss": intunetest.ClientID, "sub": intunetest.ClientID,
		"jti": rand.Text(), "nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	for i, target := range []fields{header, claims} {
		if i < len(changes) {
			maps.Copy(target, changes[i])
		}
	}
	return sign(w.T, key, header, claims)
}

func base64url(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func sha256Of(cert *x509.Certificate) []byte {
	sum := sha256.Sum256(cert.Raw)
	return sum[:]
}

func sha1Of(cert *x509.Certificate) []byte {
	sum := sha1.Sum(cert.Raw)
	return sum[:]
}

func (w *wire) signInWith(assertion string, changes ...string) response {
	w.Helper()
	return w.signIn(append([]string{"client_secret=", "client_assertion_type=" + assertionType, "client_assertion=" + assertion}, changes...)...)
}

func TestCertificateSignsIn(t *testing.T) {
	cert := clientCertificate(t)
	w := newWire(t, intunetest.WithClientCertificate(issue(t, "another", otherKey().Public(), nil, otherKey())),
		intunetest.WithClientCertificate(cert))
	issuer := w.server.URL() + "/" + intunetest.TenantID + "/v2.0"
	tests := map[string][]fields{
		"as documented":         nil,
		"RS256":                 {{"alg": "RS256"}},
		"SHA-1":                 {{"x5t#S256": nil, "x5t": base64url(sha1Of(cert))}},
		"both thumbprints":      {{"x5t": base64url(sha1Of(cert))}},
		"as MSAL for Go spells": {{"x5t#S256": base64.StdEncoding.EncodeToString(sha256Of(cert))}},
		"type in small letters": {{"typ": "jwt"}},
		"for the issuer":        {nil, {"aud": issuer}},
		"for several":           {nil, {"aud": []string{"https://example.com", issuer}}},
		"without nbf":           {nil, {"nbf": nil}},
		"with fractions":        {nil, {"exp": float64(time.Now().UnixMilli())/1000 + 300}},
		"with its chain":        {{"x5c": [][]byte{cert.Raw}}},
		"client id in capitals": {nil, {"iss": strings.ToUpper(intunetest.ClientID), "sub": strings.ToUpper(intunetest.ClientID)}},
	}
	for name, changes := range tests {
		t.Run(name, func(t *testing.T) {
			w := &wire{T: t, server: w.server, http: w.http}
			if granted := w.granted(w.signInWith(w.assertion(cert, changes...))); len(granted) != 4 {
				t.Errorf("got %v, want only an access token", granted)
			}
		})
	}
}

// certificateOnACurve is a certificate with an ECDSA key, which Microsoft Entra ID does not accept.
func certificateOnACurve(t *testing.T) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issue(t, "curve", key.Public(), nil, key), key
}

func TestMalformedAssertionsAreRejected(t *testing.T) {
	cert := clientCertificate(t)
	onCurve, curve := certificateOnACurve(t)
	w := newWire(t, intunetest.WithClientCertificate(cert))
	valid := w.assertion(cert)
	header, rest, _ := strings.Cut(valid, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	wantRejected(t, []rejected{
		{"no token", w.signInWith("guessed"), 400, "invalid_request", 50027},
		{"two parts", w.signInWith(header + "." + claims), 400, "invalid_request", 50027},
		{"four parts", w.signInWith(valid + "."), 400, "invalid_request", 50027},
		{"encrypted", w.signInWith(valid + ".."), 400, "invalid_request", 50027},
		{"header of no base64", w.signInWith("*." + rest), 400, "invalid_request", 50027},
		{"header of no JSON", w.signInWith(base64url([]byte("JWT")) + "." + rest), 400, "invalid_request", 50027},
		{"header of null", w.signInWith(base64url([]byte("null")) + "." + rest), 400, "invalid_request", 50027},
		{"claims of a list", w.signInWith(header + "." + base64url([]byte("[]")) + "." + signature), 400, "invalid_request", 50027},
		{"padded signature", w.signInWith(valid + "="), 400, "invalid_request", 50027},
		{"no algorithm", w.signInWith(w.assertion(cert, fields{"alg": nil})), 400, "invalid_request", 50027},
		{"algorithm none", w.signInWith(w.assertion(cert, fields{"alg": "none"})), 400, "invalid_request", 50027},
		{"ES256", w.signInWith(w.assertionBy(curve, onCurve, fields{"alg": "ES256"})), 400, "invalid_request", 50027},
		{"HS256", w.signInWith(w.assertion(cert, fields{"alg": "HS256"})), 400, "invalid_request", 50027},
		{"another type", w.signInWith(w.assertion(cert, fields{"typ": "at+jwt"})), 400, "invalid_request", 50027},
		{"no type", w.signInWith(w.assertion(cert, fields{"typ": nil})), 400, "invalid_request", 50027},
		{"a critical extension", w.signInWith(w.assertion(cert, fields{"crit": []string{"b64"}, "b64": false})), 400, "invalid_request", 50027},
		{"no jti", w.signInWith(w.assertion(cert, nil, fields{"jti": nil})), 400, "invalid_request", 50027},
		{"no exp", w.signInWith(w.assertion(cert, nil, fields{"exp": nil})), 400, "invalid_request", 50027},
		{"exp of text", w.signInWith(w.assertion(cert, nil, fields{"exp": "tomorrow"})), 400, "invalid_request", 50027},
		{"exp out of range", w.signInWith(w.assertion(cert, nil, fields{"exp": 1e300})), 400, "invalid_request", 50027},
		{"no thumbprint", w.signInWith(w.assertion(cert, fields{"x5t#S256": nil, "kid": "key"})), 400, "invalid_request", 5002723},
	})
	w.wantEntraError(w.signInWith(valid, "client_assertion_type="), 400, "invalid_request", 9002313)
	saml := "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
	w.wantEntraError(w.signInWith(valid, saml), 400, "invalid_request", 9002313)
	w.wantEntraError(w.signInWith(valid, "client_secret="+intunetest.ClientSecret), 400, "invalid_request", 9002313)
	w.granted(w.signInWith(valid))
}

func TestCertificateIsRejected(t *testing.T) {
	cert := clientCertificate(t)
	unknown := issue(t, "unknown", clientKey().Public(), nil, clientKey())
	onCurve, _ := certificateOnACurve(t)
	w := newWire(t, intunetest.WithClientCertificate(cert), intunetest.WithClientCertificate(onCurve))
	valid := w.assertion(cert)
	header, rest, _ := strings.Cut(valid, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	now := time.Now()
	wantRejected(t, []rejected{
		{"subject is not issuer", w.signInWith(w.assertion(cert, nil, fields{"sub": intunetest.TenantID})), 401, "invalid_client", 50048},
		{"another client", w.signInWith(w.assertion(cert, nil, fields{"iss": intunetest.TenantID, "sub": intunetest.TenantID})), 401, "invalid_client", 700021},
		{"nobody", w.signInWith(w.assertion(cert, nil, fields{"iss": nil, "sub": nil})), 401, "invalid_client", 700021},
		{"certificate not registered", w.signInWith(w.assertion(unknown)), 401, "invalid_client", 700027},
		{"SHA-1 not registered", w.signInWith(w.assertion(cert, fields{"x5t#S256": nil, "x5t": base64url(sha1Of(unknown))})), 401, "invalid_client", 700027},
		{"one thumbprint of another", w.signInWith(w.assertion(cert, fields{"x5t": base64url(sha1Of(unknown))})), 401, "invalid_client", 700027},
		{"chain without registration", w.signInWith(w.assertion(unknown, fields{"x5c": [][]byte{unknown.Raw}})), 401, "invalid_client", 700027},
		{"another key", w.signInWith(w.assertionBy(otherKey(), cert)), 401, "invalid_client", 700027},
		{"no signature", w.signInWith(header + "." + claims + "."), 401, "invalid_client", 700027},
		{"claims of another assertion", w.signInWith(header + "." + strings.Split(w.assertion(cert), ".")[1] + "." + signature), 401, "invalid_client", 700027},
		{"another algorithm than signed with", w.signInWith(swapAlgorithm(w, cert)), 401, "invalid_client", 700027},
		{"key on a curve", w.signInWith(w.assertion(onCurve)), 401, "invalid_client", 700027},
		{"no audience", w.signInWith(w.assertion(cert, nil, fields{"aud": nil})), 401, "invalid_client", 700023},
		{"audience of federation", w.signInWith(w.assertion(cert, nil, fields{"aud": "api://AzureADTokenExchange"})), 401, "invalid_client", 700023},
		{"audience of another cloud", w.signInWith(w.assertion(cert, nil, fields{"aud": "https://login.microsoftonline.com/" + intunetest.TenantID + "/v2.0"})), 401, "invalid_client", 700023},
		{"expired", w.signInWith(w.assertion(cert, nil, fields{"exp": now.Add(-5 * time.Minute).Unix()})), 401, "invalid_client", 700024},
		{"not valid yet", w.signInWith(w.assertion(cert, nil, fields{"nbf": now.Add(6 * time.Minute).Unix()})), 401, "invalid_client", 700024},
		{"valid for too long", w.signInWith(w.assertion(cert, nil, fields{"exp": now.Add(16 * time.Minute).Unix()})), 401, "invalid_client", 700024},
	})
	w.granted(w.signInWith(valid)) // no rejection has used it up
}

// swapAlgorithm makes an assertion that is signed with PS256 and says RS256.
func swapAlgorithm(w *wire, cert *x509.Certificate) string {
	header := base64url([]byte(`{"alg":"RS256","typ":"JWT","x5t#S256":"` + base64url(sha256Of(cert)) + `"}`))
	_, rest, _ := strings.Cut(w.assertion(cert), ".")
	return header + "." + rest
}

func TestAssertionToleratesClockSkew(t *testing.T) {
	tests := map[time.Duration]int{
		-6 * time.Minute: http.StatusUnauthorized, -5 * time.Minute: http.StatusOK, 0: http.StatusOK,
		14 * time.Minute: http.StatusOK, 15 * time.Minute: http.StatusUnauthorized,
	}
	for ahead, want := range tests {
		synctest.Test(t, func(t *testing.T) {
			cert := clientCertificate(t)
			w := newMemoryWire(t, intunetest.WithClientCertificate(cert), intunetest.WithClockSkew(ahead))
			if got := w.signInWith(w.assertion(cert)); got.status != want {
				t.Errorf("%s ahead: got %d %s, want %d", ahead, got.status, got.body, want)
			}
		})
	}
}

func TestExpiredCertificateIsRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert := clientCertificate(t)
		w := newMemoryWire(t, intunetest.WithClientCertificate(cert))
		time.Sleep(24 * time.Hour)
		w.granted(w.signInWith(w.assertion(cert)))
		time.Sleep(time.Second)
		a := w.signInWith(w.assertion(cert))
		w.wantEntraError(a, 401, "invalid_client", 700027)
		if !strings.Contains(a.body, "The key used is expired") {
			t.Errorf("got %s", a.body)
		}
	})
}

func TestSubjectNameAndIssuer(t *testing.T) {
	root := issue(t, "root", otherKey().Public(), nil, otherKey())
	intermediate := issue(t, "intermediate", otherKey().Public(), root, otherKey())
	leaf := issue(t, "app.contoso.com", clientKey().Public(), intermediate, otherKey())
	stranger := issue(t, "www.contoso.com", clientKey().Public(), intermediate, otherKey())
	forged := issue(t, "app.contoso.com", clientKey().Public(), nil, clientKey())
	chain := func(certs ...*x509.Certificate) fields {
		var ders [][]byte
		for _, cert := range certs {
			ders = append(ders, cert.Raw)
		}
		return fields{"x5c": ders}
	}
	for _, name := range []string{"app.contoso.com", "dns.app.contoso.com"} {
		w := newWire(t, intunetest.WithClientCertificateSubject("other", root), intunetest.WithClientCertificateSubject(name, root))
		w.granted(w.signInWith(w.assertion(leaf, chain(leaf, intermediate))))
		w.granted(w.signInWith(w.assertion(leaf, chain(leaf, intermediate, root))))
		onlyChain := chain(leaf, intermediate)
		onlyChain["x5t#S256"] = nil
		w.granted(w.signInWith(w.assertion(leaf, onlyChain)))
		w.wantEntraError(w.signInWith(w.assertion(leaf)), 401, "invalid_client", 700027)
		w.wantEntraError(w.signInWith(w.assertion(leaf, chain(leaf))), 401, "invalid_client", 700027)
		w.wantEntraError(w.signInWith(w.assertion(forged, chain(forged))), 401, "invalid_client", 700027)
		w.wantEntraError(w.signInWith(w.assertionBy(otherKey(), leaf, chain(leaf, intermediate))), 401, "invalid_client", 700027)
		w.wantEntraError(w.signInWith(w.assertion(stranger, chain(stranger, intermediate))), 401, "invalid_client", 700030)
		w.wantEntraError(w.signInWith(w.assertion(leaf, chain(stranger, intermediate))), 400, "invalid_request", 50027)
		w.wantEntraError(w.signInWith(w.assertion(leaf, fields{"x5c": []string{"bm8gY2VydGlmaWNhdGU="}})), 400, "invalid_request", 50027)
		w.wantEntraError(w.signInWith(w.assertion(leaf, fields{"x5c": []string{"*"}})), 400, "invalid_request", 50027)
	}
}
