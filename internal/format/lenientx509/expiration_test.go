package lenientx509

import (
	"path/filepath"
	"testing"
)

func TestExpirationIsThatOfParse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.der")
	if err != nil {
		t.Fatal(err)
	}
	certs := [][]byte{template(t).encoded()}
	for _, file := range files {
		certs = append(certs, readFile(t, filepath.Base(file)))
	}
	for i, der := range certs {
		cert, err := Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Expiration(der); err != nil || !got.Equal(cert.NotAfter) {
			t.Errorf("%d: got %v, %v, want %v", i, got, err, cert.NotAfter)
		}
		if got, err := Expiration(append(der[:len(der):len(der)], 0)); err == nil {
			t.Errorf("%d with a byte more: got %v", i, got)
		}
	}
}

func TestExpirationOfAnUsualCertificateBuildsNothing(t *testing.T) {
	der := template(t).encoded()
	if got := testing.AllocsPerRun(10, func() { _, _ = Expiration(der) }); got > 2 {
		t.Errorf("%v allocations", got)
	}
}

// FuzzExpiration compares with Parse, which rejects more.
func FuzzExpiration(f *testing.F) {
	files, err := filepath.Glob("testdata/*.der")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(readFile(f, filepath.Base(file)))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		cert, parseErr := Parse(der)
		expires, err := Expiration(der)
		if parseErr == nil && (err != nil || !expires.Equal(cert.NotAfter)) {
			t.Errorf("got %v, %v, want %v", expires, err, cert.NotAfter)
		}
	})
}
