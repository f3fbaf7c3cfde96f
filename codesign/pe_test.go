package codesign_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
)

// TestBytesBehindTheSignature: loaders take a program whose table of signatures holds more than the PKCS #7.
func TestBytesBehindTheSignature(t *testing.T) {
	signature := readFile(t, "signed.p7s")
	attribution := append([]byte("attribution"), make([]byte, 100)...) // as an installer of a browser has it
	for name, data := range map[string][]byte{
		"pad bytes":                  program(t, append(bytes.Clone(signature), 1, 2, 3, 4, 5)),
		"an attribution block":       program(t, append(bytes.Clone(signature), attribution...)),
		"zeros":                      program(t, append(bytes.Clone(signature), 0, 0, 0)),
		"an entry that is none":      program(t, signature, attribution),
		"a pad byte that is counted": longerTable(program(t, signature), 7, 'x'),
		"half an entry":              longerTable(program(t, signature), 4, 1),
	} {
		cert, err := codesign.Parse(data)
		if err != nil || cert.Format != codesign.FormatPE || cert.Leaf.Subject.CommonName != "Contoso p256" || len(cert.Chain) != 2 {
			t.Errorf("%s: got %v, %v", name, cert, err)
		}
	}
}

// longerTable adds bytes to the table of signatures, the last thing in a program.
func longerTable(program []byte, count int, value byte) []byte {
	const securityDirectory = 4 + 20 + 112 + 4*8
	size := program[int(binary.LittleEndian.Uint32(program[0x3c:]))+securityDirectory+4:]
	binary.LittleEndian.PutUint32(size, binary.LittleEndian.Uint32(size)+uint32(count))
	return append(program, bytes.Repeat([]byte{value}, count)...)
}
