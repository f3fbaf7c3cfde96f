package pfx

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// tlv writes one value in DER.
func tlv(tag byte, contents ...[]byte) []byte {
	content := slices.Concat(contents...)
	if n := len(content); n >= 0x80 {
		return slices.Concat([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, content)
	}
	return slices.Concat([]byte{tag, byte(len(content))}, content)
}

func sequence(contents ...[]byte) []byte { return tlv(ber.Sequence, contents...) }
func octets(content ...[]byte) []byte    { return tlv(ber.OctetString, content...) }
func identifier(id oid) []byte           { return tlv(ber.OID, []byte(id)) }
func number(n int) []byte {
	return tlv(ber.Integer, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
func info(kind oid, content []byte) []byte {
	return sequence(identifier(kind), tlv(ber.Context(0), content))
}

// bag writes a SafeBag with a key identifier and a name, unless they are empty.
func bag(kind oid, content []byte, localKeyID, name string) []byte {
	var attributes []byte
	if localKeyID != "" {
		attributes = append(attributes, sequence(identifier(oidLocalKeyID), tlv(ber.Set, octets([]byte(localKeyID))))...)
	}
	if name != "" {
		attributes = append(attributes, sequence(identifier(oidFriendlyName), tlv(ber.Set, tlv(asn1.TagBMPString, []byte(name))))...)
	}
	return sequence(identifier(kind), tlv(ber.Context(0), content), tlv(ber.Set, attributes))
}

func certificateBag(der []byte, localKeyID, name string) []byte {
	return bag(oidCertBag, info(oidX509Certificate, octets(der)), localKeyID, name)
}

// container puts bags into a safe that is not encrypted.
func container(bags ...[]byte) []byte {
	return wrap(info(oidData, octets(sequence(bags...))))
}

func wrap(safes ...[]byte) []byte {
	return sequence(number(3), info(oidData, octets(sequence(safes...))))
}

// pair makes a certificate and its key in PKCS #8.
func pair(tb testing.TB, name string) (der, key []byte) {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	if der, err = x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private); err != nil {
		tb.Fatal(err)
	}
	if key, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		tb.Fatal(err)
	}
	return der, key
}

func names(certs []*x509.Certificate) string {
	var names []string
	for _, cert := range certs {
		names = append(names, cert.Subject.CommonName)
	}
	return strings.Join(names, " ")
}

// pbes2 encrypts with AES-256, and a key that is derived from "secret" by so many iterations.
func pbes2(tb testing.TB, plain []byte, iterations int) (algorithm, sealed []byte) {
	tb.Helper()
	salt, iv := []byte("saltsalt"), make([]byte, aes.BlockSize)
	key, err := pbkdf2.Key(sha256.New, "secret", salt, min(iterations, 1000), 32)
	if err != nil {
		tb.Fatal(err)
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	sealed = slices.Concat(plain, slices.Repeat([]byte{byte(padding)}, padding))
	block, err := aes.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
	const hmacSHA256, aes256 oid = "\x2a\x86\x48\x86\xf7\x0d\x02\x09", "\x60\x86\x48\x01\x65\x03\x04\x01\x2a"
	kdf := sequence(identifier(oidPBKDF2), sequence(octets(salt), number(iterations), sequence(identifier(hmacSHA256))))
	return sequence(identifier(oidPBES2), sequence(kdf, sequence(identifier(aes256), octets(iv)))), sealed
}

// encryptedSafe encrypts bags with the password "secret".
func encryptedSafe(tb testing.TB, iterations int, bags ...[]byte) []byte {
	tb.Helper()
	algorithm, sealed := pbes2(tb, sequence(bags...), iterations)
	return info(oidEncryptedData, sequence(number(0), sequence(identifier(oidData), algorithm, tlv(0x80, sealed))))
}

func TestBagsThatArePassedOver(t *testing.T) {
	der, key := pair(t, "leaf")
	other, _ := pair(t, "other")
	oidCRLBag, oidSecretBag, oidSDSI := oidCertBag[:10]+"\x04", oidCertBag[:10]+"\x05", oidX509Certificate[:9]+"\x02"
	nested := bag(oidSafeContentsBag, sequence(certificateBag(other, "", "")), "", "")
	deep := nested
	for range maxBagNesting {
		deep = bag(oidSafeContentsBag, sequence(deep), "", "")
	}
	for name, test := range map[string]struct {
		data              []byte
		certs, signers    string
		unreadable, noKey bool
	}{
		"paired by the key identifier":  {container(certificateBag(other, "2", "x"), certificateBag(der, "1", "x"), bag(oidKeyBag, key, "1", "x")), "other leaf", "leaf", false, false},
		"paired by the name":            {container(certificateBag(other, "", "y"), certificateBag(der, "", "x"), bag(oidKeyBag, key, "1", "x")), "other leaf", "leaf", false, false},
		"not paired":                    {container(certificateBag(der, "", ""), bag(oidKeyBag, key, "", "")), "leaf", "", false, false},
		"no attributes at all":          {container(sequence(identifier(oidCertBag), tlv(ber.Context(0), info(oidX509Certificate, octets(der))))), "leaf", "", false, true},
		"secrets and revocation lists":  {container(bag(oidSecretBag, sequence(number(1)), "1", ""), bag(oidCRLBag, sequence(number(1)), "1", ""), certificateBag(der, "1", "")), "leaf", "", false, true},
		"an SDSI certificate":           {container(bag(oidCertBag, info(oidSDSI, octets([]byte("sdsi"))), "", ""), certificateBag(der, "", "")), "leaf", "", false, true},
		"bags in bags":                  {container(nested, certificateBag(der, "", "")), "other leaf", "", false, true},
		"bags nested too deeply":        {container(deep, certificateBag(der, "", "")), "leaf", "", true, true},
		"a certificate that is damaged": {container(certificateBag([]byte("x"), "", ""), certificateBag(der, "1", ""), bag(oidShroudedKeyBag, key, "1", "")), "leaf", "leaf", true, false},
		"a bag that is damaged":         {container(number(1), certificateBag(der, "", "")), "leaf", "", true, true},
		"a safe for a recipient":        {wrap(info(oidSignedData, number(1)), info(oidData, octets(sequence(certificateBag(der, "", ""))))), "leaf", "", true, true},
		"a key that is nonsense":        {container(certificateBag(der, "1", ""), bag(oidShroudedKeyBag, sequence(number(1)), "1", "")), "leaf", "leaf", false, false},
		"nothing":                       {container(), "", "", false, true},
	} {
		contents, err := Read(test.data, "any")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if names(contents.Certificates) != test.certs || names(contents.Signers) != test.signers || len(contents.Unreadable) > 0 != test.unreadable {
			t.Errorf("%s: got %q, %q, %v", name, names(contents.Certificates), names(contents.Signers), contents.Unreadable)
		}
		if _, key, _ := ReadKey(test.data, "any"); test.noKey && key != nil {
			t.Errorf("%s: a key comes out", name)
		}
	}
}

func TestReadKey(t *testing.T) {
	der, key := pair(t, "leaf")
	algorithm, sealed := pbes2(t, key, 100)
	shrouded := bag(oidShroudedKeyBag, sequence(algorithm, octets(sealed)), "", "")
	for name, data := range map[string][]byte{
		"plain":              container(certificateBag(der, "", ""), bag(oidKeyBag, key, "", "")),
		"encrypted":          container(certificateBag(der, "", ""), shrouded),
		"GnuTLS, plain":      container(certificateBag(der, "", ""), bag(oidShroudedKeyBag, key, "", "")),
		"in encrypted safes": wrap(encryptedSafe(t, 100, certificateBag(der, "", "")), encryptedSafe(t, 200, bag(oidKeyBag, key, "", ""))),
	} {
		certs, got, err := ReadKey(data, "secret")
		if err != nil || names(certs) != "leaf" || got == nil {
			t.Errorf("%s: got %v, %v, %v", name, certs, got, err)
			continue
		}
		if public, ok := certs[0].PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(got.Public()) {
			t.Errorf("%s: another key", name)
		}
	}
	if _, _, err := ReadKey(container(certificateBag(der, "", ""), shrouded), "wrong"); !errors.Is(err, ErrIncorrectPassword) {
		t.Errorf("wrong password: got %v", err)
	}
	if _, _, err := ReadKey(container(shrouded, shrouded), "secret"); err == nil || !strings.Contains(err.Error(), "several private keys") {
		t.Errorf("two keys: got %v", err)
	}
}

// TestWorkIsLimited has containers ask for more than anybody would wait for.
func TestWorkIsLimited(t *testing.T) {
	der, key := pair(t, "leaf")
	cert := certificateBag(der, "", "")
	const endless = 1<<31 - 1
	algorithm, sealed := pbes2(t, key, 40_000_000)
	sealedKey := bag(oidShroudedKeyBag, sequence(algorithm, octets(sealed)), "", "")
	many := slices.Repeat([][]byte{encryptedSafe(t, 10_000, cert)}, 2000)
	mac := func(iterations []byte) []byte {
		digest := sequence(sequence(identifier(oidSHA1)), octets(make([]byte, 20)))
		return sequence(number(3), info(oidData, octets(sequence())), sequence(digest, octets([]byte("salt")), iterations))
	}
	for name, data := range map[string][]byte{
		"the MAC":             mac(number(endless)),
		"the MAC, by far":     mac(tlv(ber.Integer, []byte{1, 0, 0, 0, 0, 0})),
		"a safe":              wrap(encryptedSafe(t, endless, cert)),
		"a safe, slightly":    wrap(encryptedSafe(t, maxWork, cert)),
		"many safes":          wrap(many...),
		"many keys in a safe": wrap(encryptedSafe(t, 100, cert, sealedKey)),
	} {
		if _, _, err := ReadKey(data, "secret"); !errors.Is(err, errTooMuchWork) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	contents, err := Read(wrap(encryptedSafe(t, 100, cert, sealedKey)), "secret")
	if err != nil || names(contents.Certificates) != "leaf" {
		t.Errorf("a key that nobody asks for matters: %v", err)
	}
}

// TestKeyLengthOfPBMAC1 derives the key of the MAC in the length that the container says.
func TestKeyLengthOfPBMAC1(t *testing.T) {
	der, _ := pair(t, "leaf")
	safes := sequence(info(oidData, octets(sequence(certificateBag(der, "", "")))))
	const hmacSHA256 oid = "\x2a\x86\x48\x86\xf7\x0d\x02\x09"
	prf, salt := sequence(identifier(hmacSHA256)), []byte("saltsalt")
	for length, want := range map[int]error{0: nil, 1: nil, 32: nil, 64: nil, 65: nil, 100: nil, 1024: nil, 1025: errTooMuchWork, 1 << 30: errTooMuchWork} {
		key, err := pbkdf2.Key(sha256.New, "secret", salt, 100, cmp.Or(min(length, 2000), 32))
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(safes)
		var keyLength []byte
		if length > 0 {
			keyLength = number(length)
		}
		kdf := sequence(identifier(oidPBKDF2), sequence(octets(salt), number(100), keyLength, prf))
		macData := sequence(sequence(sequence(identifier(oidPBMAC1), sequence(kdf, prf)), octets(mac.Sum(nil))), octets(nil))
		data := sequence(number(3), info(oidData, octets(safes)), macData)
		contents, err := Read(data, "secret")
		if !errors.Is(err, want) || want == nil && names(contents.Certificates) != "leaf" {
			t.Errorf("%d: got %v, %v", length, contents, err)
		}
		if _, err := Read(data, "wrong"); !errors.Is(err, cmp.Or(want, ErrIncorrectPassword)) {
			t.Errorf("%d, wrong password: got %v", length, err)
		}
	}
}

func TestDamagedContainers(t *testing.T) {
	der, _ := pair(t, "leaf")
	whole := container(certificateBag(der, "", ""))
	for length := range whole {
		if contents, err := Read(whole[:length], ""); err == nil {
			t.Errorf("%d bytes: got %v", length, contents)
		}
	}
	if !IsContainer(whole) || !IsContainer(whole[:100]) || IsContainer(der) || IsContainer(nil) || IsContainer([]byte("\x30\x80")) {
		t.Error("IsContainer is wrong")
	}
	algorithm := sequence(identifier("\x2a\x03"), sequence())
	unknown := wrap(info(oidEncryptedData, sequence(number(0), sequence(identifier(oidData), algorithm, tlv(0x80, []byte("x"))))))
	if _, err := Read(unknown, ""); err == nil || !strings.Contains(err.Error(), "unknown algorithm 1.2.3") {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	der, key := pair(f, "leaf")
	f.Add(container(certificateBag(der, "1", "x"), bag(oidKeyBag, key, "1", "x")))
	f.Add(wrap(encryptedSafe(f, 10, certificateBag(der, "", ""))))
	files, err := filepath.Glob("../../../codesign/testdata/tools/[bfjo]*.p12") // GnuTLS and NSS take too long
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		IsContainer(data)
		contents, err := Read(data, "hunter2")
		if err == nil && slices.Contains(contents.Certificates, nil) {
			t.Error("a certificate is nil")
		}
	})
}
