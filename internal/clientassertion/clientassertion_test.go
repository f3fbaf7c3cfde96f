package clientassertion_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/clientassertion"
)

var claims = clientassertion.Claims{
	ClientID: "client", Audience: "https://login.example/tenant/oauth2/v2.0/token", ID: "id", IssuedAt: time.Unix(1_800_000_000, 999),
}

func newCertificate(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

func decode(t *testing.T, part string) (object map[string]any) {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestSign(t *testing.T) {
	key, cert := newCertificate(t)
	thumbprint := sha256.Sum256(cert.Raw)
	encoded := base64.StdEncoding.EncodeToString(cert.Raw)
	header := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:])}
	withChain := map[string]any{"x5c": []any{encoded, encoded}}
	for name, value := range header {
		withChain[name] = value
	}
	payload := map[string]any{
		"aud": claims.Audience, "iss": "client", "sub": "client", "jti": "id",
		"nbf": 1_800_000_000.0, "iat": 1_800_000_000.0, "exp": 1_800_000_600.0,
	}
	for name, test := range map[string]struct {
		chain  []*x509.Certificate
		header map[string]any
	}{
		"one certificate": {[]*x509.Certificate{cert}, header},
		"a chain":         {[]*x509.Certificate{cert, cert}, withChain},
	} {
		assertion, err := clientassertion.Sign(test.chain, key, claims)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(assertion, ".")
		if len(parts) != 3 {
			t.Fatalf("%s: %d parts", name, len(parts))
		}
		if got := decode(t, parts[0]); !reflect.DeepEqual(got, test.header) {
			t.Errorf("%s: the header is %v, want %v", name, got, test.header)
		}
		if got := decode(t, parts[1]); !reflect.DeepEqual(got, payload) {
			t.Errorf("%s: the payload is %v, want %v", name, got, payload)
		}
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: sha256.Size}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// locked is a key that cannot sign.
type locked struct{ crypto.Signer }

var errLocked = errors.New("the module is locked")

func (locked) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errLocked }

func TestSignReturnsTheErrorOfTheKey(t *testing.T) {
	key, cert := newCertificate(t)
	if _, err := clientassertion.Sign([]*x509.Certificate{cert}, locked{key}, claims); !errors.Is(err, errLocked) {
		t.Errorf("got %v", err)
	}
}
