package codesign_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
)

// expectation says what another tool saw in a file when it was made.
type expectation struct{ file, password, format, thumbprint string }

func expectations(tb testing.TB) (found []expectation) {
	tb.Helper()
	for line := range strings.Lines(string(readFile(tb, "tools/expected.txt"))) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 4 {
			tb.Fatalf("%q", line)
		}
		found = append(found, expectation{fields[0], fields[1], fields[2], fields[3]})
	}
	return found
}

// isSlow reports whether a file derives keys by many iterations, and INTUNE_ALL_CASES is not set. One of GnuTLS and one of
// NSS is enough then.
func isSlow(file string) bool {
	return (strings.HasPrefix(file, "gnutls") || strings.HasPrefix(file, "nss")) && !strings.Contains(file, "rc2") && os.Getenv("INTUNE_ALL_CASES") == ""
}

// TestLoadAgreesWithOtherTools reads what openssl, GnuTLS, NSS, Java, BouncyCastle, node-forge, osslsigncode and sbsign write.
func TestLoadAgreesWithOtherTools(t *testing.T) {
	tests := expectations(t)
	if len(tests) < 80 {
		t.Fatalf("only %d files", len(tests))
	}
	for _, test := range tests {
		if isSlow(test.file) {
			continue
		}
		t.Run(test.file, func(t *testing.T) {
			t.Parallel() // GnuTLS and NSS derive keys by 600,000 iterations
			cert, err := codesign.Load(testdata("tools/"+test.file), codesign.WithPassword(test.password))
			if err != nil {
				t.Fatal(err)
			}
			if cert.Thumbprint() != test.thumbprint || string(cert.Format) != test.format {
				t.Errorf("got %s %s %q, want %s %s", cert.Format, cert.Thumbprint(), cert.Leaf.Subject, test.format, test.thumbprint)
			}
		})
	}
}

// TestWrongPasswordsOfOtherTools: none of the containers that are encrypted opens with another password.
func TestWrongPasswordsOfOtherTools(t *testing.T) {
	for _, test := range expectations(t) {
		isEncrypted := test.password != "" && test.file != "openssl-no-mac.p12"
		if test.format != "PKCS #12" || !isEncrypted || isSlow(test.file) {
			continue
		}
		cert, err := codesign.Load(testdata("tools/"+test.file), codesign.WithPassword(test.password+"x"))
		if !errors.Is(err, codesign.ErrIncorrectPassword) {
			t.Errorf("%s: got %v, %v", test.file, cert, err)
		}
	}
}

func TestTwoKeysAreAmbiguousUntilAThumbprintChooses(t *testing.T) {
	withSecret := codesign.WithPassword("secretsecret")
	_, err := load(t, "tools/java-two-keys.p12", withSecret)
	ambiguous := (*codesign.AmbiguousError)(nil)
	if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 {
		t.Fatalf("got %v", err)
	}
	for _, leaf := range []string{"rsa.der", "p256.der"} {
		want := mustLoad(t, leaf)
		got, err := load(t, "tools/java-two-keys.p12", withSecret, codesign.WithThumbprint(want.Thumbprint()))
		if err != nil || !got.Leaf.Equal(want.Leaf) {
			t.Errorf("%s: got %v, %v", leaf, got, err)
		}
	}
}

func TestFurtherSignaturesAreCandidatesOfAThumbprint(t *testing.T) {
	for file, second := range map[string]string{"signed-nested.exe": "p256.der", "tools/twice.efi": "rsa2048.der"} {
		want := mustLoad(t, second)
		got, err := load(t, file, codesign.WithThumbprint(want.Thumbprint()))
		if err != nil || !got.Leaf.Equal(want.Leaf) {
			t.Errorf("%s: got %v, %v", file, got, err)
		}
		_, err = load(t, file, codesign.WithThumbprint(strings.Repeat("0", 40)))
		ambiguous := (*codesign.AmbiguousError)(nil)
		if !errors.As(err, &ambiguous) || commonNames(ambiguous.Candidates) != "Contoso rsa, "+want.Leaf.Subject.CommonName {
			t.Errorf("%s: got %v", file, err)
		}
	}
	_, err := load(t, "tools/two-signers.p7s")
	ambiguous := (*codesign.AmbiguousError)(nil)
	if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 {
		t.Errorf("two signers: got %v", err)
	}
}

func TestLoadSaysWhatElseAFileIs(t *testing.T) {
	for file, want := range map[string]string{
		"java-trust.jks":      "is a Java key store: export the certificate with keytool -exportcert",
		"java-trust.jceks":    "is a Java key store",
		"java-key.jks":        "is a Java key store",
		"java-empty.p12":      "is a PKCS #12 container without a certificate",
		"portal-download.zip": `is a ZIP file of certificates or packages, such as an upload for the Store: unpack it and use one of them, "contoso.crt", "root.crt"`,
		"unsigned.msi":        "is not signed",
		"unsigned.cab":        "is a cabinet that is not signed",
	} {
		got, err := load(t, "tools/"+file, codesign.WithPassword("secretsecret"))
		if got != nil || err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "private key") {
			t.Errorf("%s: got %v, %v", file, got, err)
		}
	}
}

func TestSerialNumberIsShownAsCertutilDoes(t *testing.T) {
	for file, want := range map[string]string{"tools/negative.der": "edcba9876f543211", "rsa.der": "1001", "root.der": "01"} {
		if got := mustLoad(t, file).SerialNumber(); got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}
