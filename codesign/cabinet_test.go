package codesign_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
)

func TestDamagedCabinets(t *testing.T) {
	signed := readFile(t, "tools/signed.cab")
	for want, change := range map[string]func(data []byte) []byte{
		"truncated before its signature": func(data []byte) []byte { return data[:len(data)-1] },
		"begins as a cabinet, but":       func(data []byte) []byte { return data[:30] },
		"more than 4194304 bytes": func(data []byte) []byte {
			binary.LittleEndian.PutUint32(data[48:], 5<<20)
			return append(data, make([]byte, 6<<20)...)
		},
		"is a cabinet that is not signed":  func(data []byte) []byte { data[30] &^= 4; return data },
		"PKCS #7 data that cannot be read": func(data []byte) []byte { binary.LittleEndian.PutUint32(data[44:], 1); return data },
	} {
		if cert, err := codesign.Parse(change(bytes.Clone(signed))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v", want, cert, err)
		}
	}
	unsigned := bytes.Clone(signed)
	binary.LittleEndian.PutUint32(unsigned[48:], 0)
	if _, err := codesign.Parse(unsigned); err == nil || !strings.Contains(err.Error(), "not signed") {
		t.Errorf("got %v", err)
	}
}

func FuzzCabinet(f *testing.F) {
	const magic = "MSCF\x00\x00\x00\x00"
	cabinet := readFile(f, "tools/signed.cab")
	f.Add(bytes.TrimPrefix(cabinet, []byte(magic)))
	cabinet[1447] = asn1.TagOctetString // so that an extension of its certificate looks like an encrypted key
	f.Add(bytes.TrimPrefix(cabinet, []byte(magic)))
	f.Fuzz(func(t *testing.T, data []byte) { check(t, append([]byte(magic), data...)) })
}

func FuzzMSI(f *testing.F) {
	const magic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	for _, file := range []string{"small.msi", "large.msi", "unsigned.msi"} {
		f.Add(bytes.TrimPrefix(readFile(f, "tools/"+file), []byte(magic)))
	}
	f.Fuzz(func(t *testing.T, data []byte) { check(t, append([]byte(magic), data...)) })
}
