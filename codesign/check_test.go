package codesign_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/codesign"
)

// In testdata, good certificates are valid from 1 June 2026 to 1 June 2027.
var signingDay = time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC)

func TestCheck(t *testing.T) {
	const second = time.Second
	notBefore, notAfter := time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC)
	inTools := mustLoad(t, "tools/negative.der").Leaf.NotBefore.Add(time.Hour) // when make.sh ran
	tests := []struct {
		file string
		now  time.Time
		want []codesign.FindingCode
	}{
		{"rsa.der", signingDay, nil},
		{"p256.der", signingDay, nil},
		{"p384.der", signingDay, nil},

		{"p256.der", notBefore, nil},
		{"p256.der", notBefore.Add(-second), []codesign.FindingCode{codesign.FindingNotYetValid}},
		{"p256.der", notAfter.AddDate(0, 0, -30), nil},
		{"p256.der", notAfter.AddDate(0, 0, -30).Add(second), []codesign.FindingCode{codesign.FindingExpiresSoon}},
		{"p256.der", notAfter, []codesign.FindingCode{codesign.FindingExpiresSoon}},
		{"p256.der", notAfter.Add(second), []codesign.FindingCode{codesign.FindingExpired}},
		{"expired.der", signingDay, []codesign.FindingCode{codesign.FindingExpired}},
		{"future.der", signingDay, []codesign.FindingCode{codesign.FindingNotYetValid}},

		{"no-eku.der", signingDay, []codesign.FindingCode{codesign.FindingAnyUse}},
		{"other-eku.der", signingDay, []codesign.FindingCode{codesign.FindingNoCodeSigning}},
		{"intermediate.der", signingDay, []codesign.FindingCode{codesign.FindingCA}},
		{"root.der", signingDay, []codesign.FindingCode{codesign.FindingCA, codesign.FindingSelfSigned}},
		{"selfsigned.der", signingDay, []codesign.FindingCode{codesign.FindingSelfSigned}},
		{"sha1.der", signingDay, []codesign.FindingCode{codesign.FindingWeakSignature}},
		{"rsa2048.der", signingDay, []codesign.FindingCode{codesign.FindingWeakKey}},
		{"p224.der", signingDay, []codesign.FindingCode{codesign.FindingWeakKey}},
		{"ed25519.der", signingDay, []codesign.FindingCode{codesign.FindingWeakKey}},
		{"long.der", signingDay, []codesign.FindingCode{codesign.FindingLongValidity}},
		{"tools/any-eku.der", inTools, []codesign.FindingCode{codesign.FindingAnyUse}},
		{"tools/brainpool.der", inTools, []codesign.FindingCode{codesign.FindingWeakKey}},
		{"tools/forever.der", inTools, []codesign.FindingCode{codesign.FindingLongValidity}},
		{"tools/ca-long.der", inTools, []codesign.FindingCode{codesign.FindingCA}},
		{"tools/ca-true.der", inTools, []codesign.FindingCode{codesign.FindingCA, codesign.FindingSelfSigned}},
		{"tools/selfsigned-sha1.der", inTools, []codesign.FindingCode{codesign.FindingSelfSigned}},
		{"tools/pss-sha1.der", inTools, []codesign.FindingCode{codesign.FindingWeakSignature}},
		{"tools/negative.der", inTools, []codesign.FindingCode{codesign.FindingNegativeSerial}},
	}
	for _, test := range tests {
		cert, err := codesign.Load(testdata(test.file))
		if err != nil {
			t.Fatal(err)
		}
		var codes []codesign.FindingCode
		for _, finding := range cert.Check(test.now) {
			codes = append(codes, finding.Code)
			if want := documentedSeverity(finding.Code); finding.Severity != want {
				t.Errorf("%s: %v, want %s", test.file, finding, want)
			}
			if !strings.HasPrefix(finding.Message, "the certificate ") || !strings.Contains(finding.Message, ":") && !strings.Contains(finding.Message, ",") {
				t.Errorf("%s: %q does not say what to do", test.file, finding.Message)
			}
		}
		if !slices.Equal(codes, test.want) {
			t.Errorf("%s at %v: got %v, want %v", test.file, test.now, codes, test.want)
		}
	}
}

// documentedSeverity is the one under which the code is declared.
func documentedSeverity(code codesign.FindingCode) codesign.Severity {
	switch code {
	case codesign.FindingExpired:
		return codesign.SeverityFatal
	case codesign.FindingSelfSigned, codesign.FindingNegativeSerial, codesign.FindingPrivateKey:
		return codesign.SeverityInfo
	}
	return codesign.SeverityWarning
}

func TestCheckSaysWhatIsMeant(t *testing.T) {
	days := func(file string) string {
		cert := mustLoad(t, file).Leaf
		return fmt.Sprintf("is valid for %d days", (cert.NotAfter.Unix()-cert.NotBefore.Unix())/86400)
	}
	for file, want := range map[string]string{
		"no-eku.der":          "is for any use",
		"tools/any-eku.der":   "is for any use",
		"other-eku.der":       "is not for code signing",
		"tools/ca-true.der":   "is self-signed with CA:TRUE",
		"intermediate.der":    "is a CA certificate",
		"tools/pss-sha1.der":  "is signed with SHA1-RSA-PSS",
		"sha1.der":            "is signed with ECDSA-SHA1",
		"tools/negative.der":  "has the serial number edcba9876f543211, which is negative",
		"tools/forever.der":   days("tools/forever.der"),
		"tools/brainpool.der": "has a key on a curve that is not for code signing",
	} {
		if got := fmt.Sprint(mustLoad(t, file).Check(signingDay)); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
	if days("tools/forever.der") != "is valid for 2900000 days" {
		t.Error(days("tools/forever.der"))
	}
}

func TestCheckNamesTheWorstFirst(t *testing.T) {
	cert, err := codesign.Load(testdata("selfsigned.der"))
	if err != nil {
		t.Fatal(err)
	}
	findings := cert.Check(signingDay.AddDate(10, 0, 0))
	if len(findings) != 2 || findings[0].Severity != codesign.SeverityFatal || findings[1].Severity != codesign.SeverityInfo {
		t.Errorf("got %v", findings)
	}
	const want = "fatal: expired: the certificate expired on 2027-06-01 00:00:00 UTC: upload its successor"
	if got := findings[0].String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCheckOfCertificatesThatNoFileHas makes the certificates.
func TestCheckOfCertificatesThatNoFileHas(t *testing.T) {
	const day = 24 * time.Hour
	signing, encipherment := x509.KeyUsageDigitalSignature, x509.KeyUsageKeyEncipherment
	for name, test := range map[string]struct {
		validity time.Duration
		usage    x509.KeyUsage
		isCA     bool
		want     []codesign.FindingCode
	}{
		"Azure Artifact Signing":     {3 * day, signing, false, []codesign.FindingCode{codesign.FindingShortLived, codesign.FindingSelfSigned}},
		"a second less than 8 days":  {8*day - time.Second, signing, false, []codesign.FindingCode{codesign.FindingShortLived, codesign.FindingSelfSigned}},
		"8 days":                     {8 * day, signing, false, []codesign.FindingCode{codesign.FindingExpiresSoon, codesign.FindingSelfSigned}},
		"no digital signature":       {365 * day, encipherment, false, []codesign.FindingCode{codesign.FindingKeyUsage, codesign.FindingSelfSigned}},
		"signature and encipherment": {365 * day, signing | encipherment, false, []codesign.FindingCode{codesign.FindingSelfSigned}},
		"no key usage":               {365 * day, 0, false, []codesign.FindingCode{codesign.FindingSelfSigned}},
		"an authority":               {365 * day, x509.KeyUsageCertSign, true, []codesign.FindingCode{codesign.FindingCA, codesign.FindingSelfSigned}},
	} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Contoso"}, NotBefore: signingDay, NotAfter: signingDay.Add(test.validity),
			KeyUsage: test.usage, IsCA: test.isCA, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := codesign.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(cert.Check(signingDay)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func codes(findings []codesign.Finding) (codes []codesign.FindingCode) {
	for _, finding := range findings {
		codes = append(codes, finding.Code)
	}
	return codes
}

func TestCheckSaysThatAFileHoldsTheKey(t *testing.T) {
	for file, want := range map[string]bool{
		"p256.pfx": true, "p256-leaf-last.pfx": true, "bag.pem": true, "key-first.pem": true, "key-last.pem": true,
		"certs-only.pfx": false, "chain.pem": false, "chain.p7b": false, "signed.exe": false, "signed.msix": false, "p256.der": false,
	} {
		cert, err := codesign.Load(testdata(file), withPassword)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(codes(cert.Check(signingDay)), codesign.FindingPrivateKey); got != want {
			t.Errorf("%s: got %v", file, got)
		}
	}
}

func TestFindingsThatNeedConfirmation(t *testing.T) {
	for code, want := range map[codesign.FindingCode]bool{
		codesign.FindingCA: true, codesign.FindingNoCodeSigning: true, codesign.FindingShortLived: true,
		codesign.FindingExpired: false, codesign.FindingAnyUse: false, codesign.FindingSelfSigned: false, codesign.FindingPrivateKey: false,
	} {
		if got := (codesign.Finding{Code: code}).NeedsConfirmation(); got != want {
			t.Errorf("%s: got %v", code, got)
		}
	}
}
