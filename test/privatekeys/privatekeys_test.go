// Package privatekeys_test tries to send private keys, and to get them out of files.
package privatekeys_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/internal/format/privatekey"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "codesign", "testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keys are one private key of each kind.
func keys(t *testing.T) map[string][]byte {
	t.Helper()
	keys := map[string][]byte{
		"Ed25519": marshalPKCS8(t, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))),
		"DSA":     marshal([]*big.Int{big.NewInt(0), large, large, large, large, large}),
		"OpenSSH": armor("OPENSSH PRIVATE KEY", append([]byte("openssh-key-v1\x00\x00\x00\x00\x04none"), make([]byte, 100)...)),
		"PuTTY":   []byte("PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nPrivate-Lines: 1\r\nAAAAIA==\r\n"),
		"PGP":     []byte("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n"),
		"SSH2":    []byte("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56wAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n"),
		"JWK":     []byte(`{"kty":"EC","crv":"P-256","x":"AQ","d":"AQ","y":"AQAAAAAAAAAAAAAAAAAAAA"}`),
		"XML":     []byte("<RSAKeyValue><Modulus>AQ==</Modulus><Exponent>AQAB</Exponent><D>AQ==</D></RSAKeyValue>"),
		"PVK":     append([]byte("\x1e\xf1\xb5\xb0\x00\x00\x00\x00\x02\x00\x00\x00"), make([]byte, 300)...),
		"snk":     append([]byte("\x07\x02\x00\x00\x00\x24\x00\x00RSA2\x00\x08\x00\x00"), make([]byte, 300)...),
	}
	for _, name := range []string{
		"key-pkcs1.der", "key-pkcs8.der", "key-pkcs8-encrypted.der", "key-sec1.der", "key-pkcs8-encrypted.pem", "bag.pem", "p256.pfx",
		"rsa-nopassword-nomac.pfx", "tools/bouncycastle-pkcs12-def.p12", "tools/java-key.jks",
	} {
		keys[name] = readFile(t, name)
	}
	return keys
}

var large = new(big.Int).Lsh(big.NewInt(1), 1024)

func marshalPKCS8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestNoEncodingHidesAPrivateKey tries to create and to update with each kind of key, and to read it: in some encodings, and
// in all if INTUNE_ALL_CASES is set.
func TestNoEncodingHidesAPrivateKey(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
	service := server.Client().EnterpriseCodeSigningCertificates()
	cert := readFile(t, "rsa.der")
	keys := keys(t)
	for i, kind := range slices.Sorted(maps.Keys(keys)) {
		for j, encoding := range slices.Sorted(maps.Keys(encodings)) {
			if (i+j)%4 > 0 && os.Getenv("INTUNE_ALL_CASES") == "" {
				continue // five kinds in each encoding
			}
			content := encodings[encoding](keys[kind], cert)
			_, err := service.Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{Content: content})
			if !isRejection(err) {
				t.Errorf("%s, %s: created with %v", kind, encoding, err)
			}
			_, err = service.Update(t.Context(), "id", &intune.EnterpriseCodeSigningCertificateUpdate{Content: content})
			if !isRejection(err) {
				t.Errorf("%s, %s: updated with %v", kind, encoding, err)
			}
			read, err := codesign.Parse(content)
			switch {
			case err == nil:
				checkRead(t, kind+", "+encoding, read)
			case privatekey.Find([]byte(err.Error())) != "" || !saysKey(err):
				t.Errorf("%s, %s: read with %v", kind, encoding, err)
			}
		}
	}
	if requests := server.Requests(); len(requests) > 0 {
		t.Errorf("%d requests were sent", len(requests))
	}
}

func isRejection(err error) bool {
	return errors.As(err, new(*intune.InputError)) && strings.Contains(err.Error(), "private key")
}

// saysKey reports whether an error of codesign says that there is a key, or a container with one.
func saysKey(err error) bool {
	return slices.ContainsFunc([]string{"private key", "PKCS #12", "Java key store"}, func(words string) bool {
		return strings.Contains(err.Error(), words)
	})
}

// checkRead expects only a certificate, and a finding about the key.
func checkRead(t *testing.T, name string, read *codesign.Certificate) {
	t.Helper()
	for _, public := range append([]*x509.Certificate{read.Leaf}, read.Chain...) {
		if privatekey.Find(public.Raw) != "" {
			t.Errorf("%s: a key comes out", name)
		}
	}
	if privatekey.Find(read.Resource().Content) != "" {
		t.Errorf("%s: the key would be uploaded", name)
	}
	if !slices.ContainsFunc(read.Check(read.Leaf.NotBefore), func(f codesign.Finding) bool { return f.Code == codesign.FindingPrivateKey }) {
		t.Errorf("%s: nothing is said about the key", name)
	}
}

// TestNoFieldTakesAPrivateKey sets each field to a key.
func TestNoFieldTakesAPrivateKey(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
	service := server.Client().EnterpriseCodeSigningCertificates()
	for _, key := range [][]byte{armor("PRIVATE KEY", readFile(t, "key-pkcs8.der")), base(readFile(t, "p256.pfx"))} {
		for i, field := range reflect.VisibleFields(reflect.TypeFor[intune.EnterpriseCodeSigningCertificate]()) {
			for _, value := range fieldValues(field.Type, string(key)) {
				cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=x"}
				reflect.ValueOf(cert).Elem().Field(i).Set(value)
				if field.Name == "ID" {
					continue // which is not sent
				}
				if _, err := service.Create(t.Context(), cert); !isRejection(err) || privatekey.Find([]byte(err.Error())) != "" {
					t.Errorf("%s: created with %v", field.Name, err)
				}
				if _, err := service.Rotate(t.Context(), cert, nil); !isRejection(err) {
					t.Errorf("%s: rotated with %v", field.Name, err)
				}
			}
		}
		for i, field := range reflect.VisibleFields(reflect.TypeFor[intune.EnterpriseCodeSigningCertificateUpdate]()) {
			for _, value := range fieldValues(field.Type, string(key)) {
				update := new(intune.EnterpriseCodeSigningCertificateUpdate)
				reflect.ValueOf(update).Elem().Field(i).Set(value)
				if _, err := service.Update(t.Context(), "id", update); !isRejection(err) || privatekey.Find([]byte(err.Error())) != "" {
					t.Errorf("%s: updated with %v", field.Name, err)
				}
			}
		}
	}
	if requests := server.Requests(); len(requests) > 0 {
		t.Errorf("%d requests were sent", len(requests))
	}
}

// fieldValues returns values of a type that hold a text, none if the type can't.
func fieldValues(kind reflect.Type, text string) (values []reflect.Value) {
	switch {
	case kind.Kind() == reflect.String:
		values = append(values, reflect.ValueOf(text).Convert(kind))
	case kind.Kind() == reflect.Pointer && kind.Elem().Kind() == reflect.String:
		pointer := reflect.New(kind.Elem())
		pointer.Elem().SetString(text)
		values = append(values, pointer)
	case kind == reflect.TypeFor[[]byte]():
		values = append(values, reflect.ValueOf([]byte(text)))
	case kind == reflect.TypeFor[map[string]json.RawMessage]():
		for _, data := range []map[string]json.RawMessage{
			{"name": inJSON(text)}, {text: inJSON(1)}, {text + "@annotation": inJSON(1)}, {"name": inJSON(map[string]any{text: []any{nil}})},
			{"name": inJSON([]any{[]byte(text)})}, {"name": json.RawMessage(text)},
		} {
			values = append(values, reflect.ValueOf(data))
		}
	}
	return values
}

// TestCertificatesAreSent: what looks a little like a key is none.
func TestCertificatesAreSent(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
	service := server.Client().EnterpriseCodeSigningCertificates()
	files, err := filepath.Glob("../../internal/format/lenientx509/testdata/*.der")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		der, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := service.Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{Content: der}, intune.WithExpiredAllowed()); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if _, err := service.Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{Content: []byte("content"), Subject: "CN=x"}); err != nil {
		t.Error(err)
	}
}

// TestOnlyOneCertificateIsSent: content that is meant as a certificate, but is not exactly one, is rejected.
func TestOnlyOneCertificateIsSent(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
	service := server.Client().EnterpriseCodeSigningCertificates()
	cert := readFile(t, "rsa.der")
	octets := marshal([]byte("something"))
	for name, content := range map[string][]byte{
		"two":                   slices.Concat(cert, cert),
		"truncated":             cert[:len(cert)-1],
		"with a line break":     append(bytes.Clone(cert), '\n'),
		"with another member":   extend(cert, octets),
		"with a signed one":     extendSigned(cert, octets),
		"in another value":      marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: cert}),
		"PEM":                   armor("CERTIFICATE", cert),
		"half of PEM":           armor("CERTIFICATE", cert)[:40],
		"base64":                base(cert),
		"a bag of certificates": readFile(t, "chain.p7b"),
		"a public key":          readFile(t, "public.pem"),
	} {
		for way, err := range map[string]error{
			"create": second(service.Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{Content: content})),
			"update": second(service.Update(t.Context(), "id", &intune.EnterpriseCodeSigningCertificateUpdate{Content: content})),
		} {
			if !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), "codesign.Parse") {
				t.Errorf("%s, %s: %v", name, way, err)
			}
		}
	}
	if requests := server.Requests(); len(requests) > 0 {
		t.Errorf("%d requests were sent", len(requests))
	}
}

func second(_ *intune.EnterpriseCodeSigningCertificate, err error) error { return err }
