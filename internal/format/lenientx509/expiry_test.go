package lenientx509

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"path/filepath"
	"testing"
)

func TestNotAfterAgreesWithParse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.der")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		der := readFile(t, filepath.Base(file))
		cert, err := Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := NotAfter(der); err != nil || !got.Equal(cert.NotAfter) {
			t.Errorf("%s: got %v, %v; want %v", file, got, err, cert.NotAfter)
		}
	}
}

func TestNotAfterReadsWhatParseRejects(t *testing.T) {
	der := bytes.Clone(readFile(t, "brainpool.der"))
	cert, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Index(der, cert.RawSubject)
	der[damaged+2] = 0x02 // an INTEGER, where a SET of attributes should be
	if _, err := Parse(der); err == nil {
		t.Fatal("Parse accepts the damaged subject")
	}
	if got, err := NotAfter(der); err != nil || !got.Equal(cert.NotAfter) {
		t.Errorf("got %v, %v; want %v", got, err, cert.NotAfter)
	}
}

func TestNotAfterRejectsWhatIsNoCertificate(t *testing.T) {
	der := readFile(t, "brainpool.der")
	request, err := asn1.Marshal(struct{ Info, Algorithm struct{} }{})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte("certificate"), "another structure": request,
		"half of one": der[:len(der)/2], "more than one": append(bytes.Clone(der), 0),
	} {
		if got, err := NotAfter(data); err == nil {
			t.Errorf("%s: expires on %v", name, got)
		}
	}
}

func BenchmarkNotAfter(b *testing.B) {
	der := certificateWith(nil)
	if _, err := x509.ParseCertificate(der); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NotAfter(der); err != nil {
			b.Fatal(err)
		}
	}
}
