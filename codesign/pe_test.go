package codesign_test

import (
	"bytes"
	"encoding/binary"
	"strings"
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

func TestHostilePrograms(t *testing.T) {
	signed := readFile(t, "signed.exe")
	header := int(binary.LittleEndian.Uint32(signed[0x3c:]))
	const securityDirectory = 4 + 20 + 112 + 4*8 // in the headers of PE32+
	at := header + securityDirectory
	table := int(binary.LittleEndian.Uint32(signed[at:]))
	for name, test := range map[string]struct {
		change func(program []byte)
		want   string
	}{
		"the table is beyond the end":  {func(p []byte) { binary.LittleEndian.PutUint32(p[at:], 1<<31) }, "truncated"},
		"the table is too long":        {func(p []byte) { binary.LittleEndian.PutUint32(p[at+4:], 1<<31) }, "truncated"},
		"an entry of no length":        {func(p []byte) { binary.LittleEndian.PutUint32(p[table:], 0) }, "damaged table"},
		"an entry that is too long":    {func(p []byte) { binary.LittleEndian.PutUint32(p[table:], 1<<30) }, "damaged table"},
		"an entry of another type":     {func(p []byte) { p[table+6] = 9 }, "not signed"},
		"a header beyond the end":      {func(p []byte) { binary.LittleEndian.PutUint32(p[0x3c:], 1<<31) }, "begins as a program"},
		"no PE signature":              {func(p []byte) { p[header] = 'L' }, "begins as a program"},
		"an unknown kind of header":    {func(p []byte) { p[header+4+20] = 7 }, "magic number"},
		"no directories":               {func(p []byte) { binary.LittleEndian.PutUint32(p[header+4+20+108:], 0) }, "not signed"},
		"more directories than are":    {func(p []byte) { binary.LittleEndian.PutUint32(p[header+4+20+108:], 1<<31) }, ""},
		"a signature that is nonsense": {func(p []byte) { copy(p[table+8:], "nonsense") }, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			program := bytes.Clone(signed)
			test.change(program)
			_, err := codesign.Parse(program)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
