package intune_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestCreateRefusesBadInputBeforeAnythingIsSent(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		cert *intune.EnterpriseCodeSigningCertificate
		opts []intune.RequestOption
		want string
	}{
		"nil":         {cert: nil, want: "nil"},
		"empty":       {cert: new(intune.EnterpriseCodeSigningCertificate), want: "neither content nor subject"},
		"private key": {cert: &intune.EnterpriseCodeSigningCertificate{Content: sec1}, want: "SEC 1 private key"},
		"private key in PEM": {
			cert: &intune.EnterpriseCodeSigningCertificate{Content: pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})},
			want: "PEM private key",
		},
		"certificate in PEM": {
			cert: &intune.EnterpriseCodeSigningCertificate{Content: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: newCertificate(t).Raw})},
			want: "not exactly one certificate in DER",
		},
		"a date that cannot be written": {
			cert: &intune.EnterpriseCodeSigningCertificate{Subject: "CN=x", ExpirationDateTime: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
			want: "expirationDateTime",
		},
		"additional data that is not JSON": {
			cert: &intune.EnterpriseCodeSigningCertificate{Subject: "CN=x", AdditionalData: map[string]json.RawMessage{"x": json.RawMessage("{")}},
			want: "JSON",
		},
		"a header of ours": {
			cert: exampleCertificate(), opts: []intune.RequestOption{intune.WithHeader("accept", "text/plain")}, want: "Accept is set by the library",
		},
		"no option":   {cert: exampleCertificate(), opts: []intune.RequestOption{nil}, want: "nil"},
		"no response": {cert: exampleCertificate(), opts: []intune.RequestOption{intune.WithResponse(nil)}, want: "nil"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			meta := intune.Response{StatusCode: http.StatusCreated} // of an earlier call
			opts := append(test.opts, intune.WithResponse(&meta))
			got, err := w.client().EnterpriseCodeSigningCertificates().Create(t.Context(), test.cert, opts...)
			errorAs[*intune.InputError](t, err)
			if got != nil || len(w.requests) > 0 || meta.StatusCode != 0 {
				t.Errorf("got %v and %d requests", got, len(w.requests))
			}
			if !strings.HasPrefix(err.Error(), "create enterpriseCodeSigningCertificate: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("message %q, want %q in it", err, test.want)
			}
		})
	}
}

// keyFiles are files that hold a private key, of each kind and in each container, made by openssl.
func keyFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, pattern := range []string{"key-*", "bag.pem", "*.pfx"} {
		paths, err := filepath.Glob(filepath.Join("codesign", "testdata", pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v, %v", pattern, paths, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(path)] = data
		}
	}
	return files
}

// keyPositions are the places in a certificate's content where somebody may have left a key.
var keyPositions = map[string]func(cert, key []byte) []byte{
	"alone":                  func(_, key []byte) []byte { return key },
	"behind the certificate": func(cert, key []byte) []byte { return slices.Concat(cert, key) },
	"before the certificate": func(cert, key []byte) []byte { return slices.Concat(key, cert) },
	"in base64":              func(_, key []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(key)) },
	"in base64 twice": func(_, key []byte) []byte {
		return []byte(base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(key))))
	},
	"with a byte-order mark": func(_, key []byte) []byte { return slices.Concat([]byte("\xef\xbb\xbf"), key) },
	"cut short":              func(_, key []byte) []byte { return key[:len(key)-20] },
	"in UTF-16": func(_, key []byte) []byte {
		encoded := []byte{0xff, 0xfe}
		for _, unit := range utf16.Encode([]rune(base64.StdEncoding.EncodeToString(key))) {
			encoded = append(encoded, byte(unit), byte(unit>>8))
		}
		return encoded
	},
}

// TestNoPrivateKeyIsSent tries every way in: each is refused before anything is sent.
func TestNoPrivateKeyIsSent(t *testing.T) {
	server := intunetest.NewServer(t)
	service := server.Client().EnterpriseCodeSigningCertificates()
	ctx := t.Context()
	of := func(content []byte) *intune.EnterpriseCodeSigningCertificate {
		cert := exampleCertificate()
		cert.Content = content
		return cert
	}
	ways := map[string]func(content []byte) error{
		"Create": func(content []byte) error {
			_, err := service.Create(ctx, of(content))
			return err
		},
		"Rotate": func(content []byte) error {
			_, err := service.Rotate(ctx, of(content), nil)
			return err
		},
		"Update": func(content []byte) error {
			_, err := service.Update(ctx, "id", &intune.EnterpriseCodeSigningCertificateUpdate{Content: content})
			return err
		},
		"a name": func(content []byte) error {
			cert := exampleCertificate()
			cert.Subject = base64.StdEncoding.EncodeToString(content)
			_, err := service.Create(ctx, cert)
			return err
		},
		"a name in an update": func(content []byte) error {
			name := base64.StdEncoding.EncodeToString(content)
			_, err := service.Update(ctx, "id", &intune.EnterpriseCodeSigningCertificateUpdate{IssuerName: &name})
			return err
		},
		"AdditionalData": func(content []byte) error {
			value, err := json.Marshal(map[string]any{"list": []any{1, content}})
			if err != nil {
				t.Fatal(err)
			}
			cert := exampleCertificate()
			cert.AdditionalData = map[string]json.RawMessage{"extension": value}
			_, err = service.Create(ctx, cert)
			return err
		},
		"the status": func(content []byte) error {
			cert := exampleCertificate()
			cert.Status = intune.CertificateStatus(base64.StdEncoding.EncodeToString(content))
			_, err := service.Create(ctx, cert)
			return err
		},
		"the status in an update": func(content []byte) error {
			status := intune.CertificateStatus(base64.StdEncoding.EncodeToString(content))
			_, err := service.Update(ctx, "id", &intune.EnterpriseCodeSigningCertificateUpdate{Status: &status})
			return err
		},
	}
	cert := newCertificate(t).Raw
	for file, key := range keyFiles(t) {
		for position, place := range keyPositions {
			content := place(cert, key)
			for way, upload := range ways {
				err := upload(content)
				if err == nil || !strings.Contains(err.Error(), "private key") {
					t.Errorf("%s, %s, through %s: %v", file, position, way, err)
					continue
				}
				errorAs[*intune.InputError](t, err)
			}
		}
	}
	if requests := server.Requests(); len(requests) > 0 {
		t.Errorf("%d requests were sent: %v", len(requests), requests)
	}
}

// TestPrivateKeysForOtherResources: other resources of Graph take keys, and that is none of our business.
func TestPrivateKeysForOtherResources(t *testing.T) {
	w := newWire(t, reply(204, ""))
	body := map[string]any{"key": keyFiles(t)["rsa.pfx"]}
	if err := w.client().Do(t.Context(), "POST", "/trustFramework/keySets/signing/uploadPkcs12", body, nil); err != nil {
		t.Error(err)
	}
}
