package codesign_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
)

// seed adds the test data whose content begins so, without that beginning.
func seed(f *testing.F, begin string) {
	f.Helper()
	files, err := filepath.Glob(testdata("*.*"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if rest, ok := bytes.CutPrefix(data, []byte(begin)); ok {
			f.Add(rest)
		}
	}
}

// check parses data. The result is an error of the input, or exactly one certificate, which Create accepts.
func check(t *testing.T, data []byte) {
	t.Helper()
	cert, err := codesign.Parse(data)
	switch {
	case err != nil && (cert != nil || !errors.As(err, new(*intune.InputError))):
		t.Errorf("got %v, %v", cert, err)
	case err == nil && (cert.Leaf == nil || cert.Format == "" || len(cert.Thumbprint()) != 40):
		t.Errorf("got %+v", cert)
	case err == nil:
		if _, err := lenientx509.Parse(cert.Resource().Content); err != nil {
			t.Errorf("Create would reject it: %v", err)
		}
		cert.Check(signingDay)
	}
}

func FuzzParse(f *testing.F) {
	seed(f, "")
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 100<<10 {
			check(t, data)
		}
	})
}

func FuzzPE(f *testing.F) {
	seed(f, "MZ")
	f.Fuzz(func(t *testing.T, data []byte) { check(t, append([]byte("MZ"), data...)) })
}

func FuzzPackage(f *testing.F) {
	seed(f, "PK\x03\x04")
	f.Fuzz(func(t *testing.T, data []byte) { check(t, append([]byte("PK\x03\x04"), data...)) })
}
