package codesign_test

import (
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
	tests := []struct {
		file string
		now  time.Time
		want []codesign.Code
	}{
		{"rsa.der", signingDay, nil},
		{"p256.der", signingDay, nil},
		{"p384.der", signingDay, nil},

		{"p256.der", notBefore, nil},
		{"p256.der", notBefore.Add(-second), []codesign.Code{codesign.CodeNotYetValid}},
		{"p256.der", notAfter.AddDate(0, 0, -30), nil},
		{"p256.der", notAfter.AddDate(0, 0, -30).Add(second), []codesign.Code{codesign.CodeExpiresSoon}},
		{"p256.der", notAfter, []codesign.Code{codesign.CodeExpiresSoon}},
		{"p256.der", notAfter.Add(second), []codesign.Code{codesign.CodeExpired}},
		{"expired.der", signingDay, []codesign.Code{codesign.CodeExpired}},
		{"future.der", signingDay, []codesign.Code{codesign.CodeNotYetValid}},

		{"no-eku.der", signingDay, []codesign.Code{codesign.CodeNoCodeSigning}},
		{"other-eku.der", signingDay, []codesign.Code{codesign.CodeNoCodeSigning}},
		{"intermediate.der", signingDay, []codesign.Code{codesign.CodeCA}},
		{"root.der", signingDay, []codesign.Code{codesign.CodeNoCodeSigning, codesign.CodeCA, codesign.CodeSelfSigned}},
		{"selfsigned.der", signingDay, []codesign.Code{codesign.CodeSelfSigned}},
		{"sha1.der", signingDay, []codesign.Code{codesign.CodeWeakSignature}},
		{"rsa2048.der", signingDay, []codesign.Code{codesign.CodeWeakKey}},
		{"p224.der", signingDay, []codesign.Code{codesign.CodeWeakKey}},
		{"ed25519.der", signingDay, []codesign.Code{codesign.CodeWeakKey}},
		{"long.der", signingDay, []codesign.Code{codesign.CodeLongValidity}},
	}
	for _, test := range tests {
		cert, err := codesign.Load(testdata(test.file))
		if err != nil {
			t.Fatal(err)
		}
		var codes []codesign.Code
		for _, finding := range cert.Check(test.now) {
			codes = append(codes, finding.Code)
			if isFatal := finding.Severity == codesign.SeverityFatal; isFatal != (finding.Code == codesign.CodeExpired) {
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
