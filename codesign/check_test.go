package codesign_test

import (
	"fmt"
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
		{"root.der", signingDay, []codesign.FindingCode{codesign.FindingAnyUse, codesign.FindingCA, codesign.FindingSelfSigned}},
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
			if isFatal := finding.Severity == codesign.SeverityFatal; isFatal != (finding.Code == codesign.FindingExpired) {
				t.Errorf("%s: %v", test.file, finding)
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

func TestCheckSaysWhatIsMeant(t *testing.T) {
	days := func(file string) string {
		cert := mustLoad(t, file).Leaf
		return fmt.Sprintf("is valid for %d days", (cert.NotAfter.Unix()-cert.NotBefore.Unix())/86400)
	}
	for file, want := range map[string]string{
		"no-eku.der":          "is for any use",
		"tools/any-eku.der":   "is for any use",
		"other-eku.der":       "is not for code signing",
		"tools/ca-true.der":   "is self-signed and says CA:TRUE",
		"intermediate.der":    "is of a certificate authority",
		"tools/pss-sha1.der":  "is signed with SHA1-RSA-PSS",
		"sha1.der":            "is signed with ECDSA-SHA1",
		"tools/negative.der":  "has the serial number edcba9876f543211, which is negative",
		"tools/forever.der":   days("tools/forever.der"),
		"tools/brainpool.der": "has a key on a curve that is not for signing code",
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
