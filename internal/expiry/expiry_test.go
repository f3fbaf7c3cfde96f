package expiry

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestMayBeOverMissesNothing compares with the whole parser, at every time that matters.
func TestMayBeOverMissesNothing(t *testing.T) {
	files, err := filepath.Glob("../../codesign/testdata/*.der")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(data)
		if err != nil {
			if MayBeOver(data, time.Now()) && len(data) < 200 {
				t.Errorf("%s is no certificate", file)
			}
			continue
		}
		for _, now := range []time.Time{cert.NotBefore, cert.NotAfter.Add(-time.Second), cert.NotAfter, cert.NotAfter.Add(time.Nanosecond), cert.NotAfter.AddDate(9, 0, 0)} {
			if got, want := MayBeOver(data, now), Problem(cert, now) != ""; got != want {
				t.Errorf("%s at %v: got %v", file, now, got)
			}
		}
	}
}

// FuzzMayBeOver finds no expired certificate that it would miss.
func FuzzMayBeOver(f *testing.F) {
	for _, file := range []string{"p256", "expired", "root"} {
		data, err := os.ReadFile("../../codesign/testdata/" + file + ".der")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	now := time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC)
	firstUnambiguous := time.Date(1970, time.January, 1, 0, 0, 0, 0, time.UTC) // of the two digits of a UTCTime
	f.Fuzz(func(t *testing.T, data []byte) {
		may := MayBeOver(data, now)
		if cert, err := x509.ParseCertificate(data); err == nil && Problem(cert, now) != "" && cert.NotAfter.After(firstUnambiguous) && !may {
			t.Errorf("it expired on %v", cert.NotAfter)
		}
	})
}
