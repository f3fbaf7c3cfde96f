package intune_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

func TestCreateRejectsBadInputBeforeAnythingIsSent(t *testing.T) {
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
			want: "content is PEM: codesign.Parse reads certificates in PEM",
		},
		"two certificates": {
			cert: &intune.EnterpriseCodeSigningCertificate{Content: bytes.Repeat(newCertificate(t).Raw, 2)},
			want: "content is not exactly one certificate in DER: codesign.Parse reads other forms",
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

// TestPrivateKeysForOtherResources: other resources of Graph take keys, and that is none of our business.
func TestPrivateKeysForOtherResources(t *testing.T) {
	w := newWire(t, reply(204, ""))
	pfx, err := os.ReadFile(filepath.Join("codesign", "testdata", "rsa.pfx"))
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{"key": pfx}
	if err := w.client().Do(t.Context(), "POST", "/trustFramework/keySets/signing/uploadPkcs12", body, nil); err != nil {
		t.Error(err)
	}
}
