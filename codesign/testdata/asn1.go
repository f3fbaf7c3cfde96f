//go:build ignore

// Asn1 makes what openssl would not:
//
//	go run asn1.go p7b certificates.der   # a degenerate PKCS #7 SignedData with indefinite lengths
//	go run asn1.go pfx password a.pfx...  # one PFX of the contents of several with that password
//
// Both go to the standard output.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/binary"
	"log"
	"os"
	"unicode/utf16"
)

var (
	oidData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidSHA256     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: see the source")
	}
	var out []byte
	switch os.Args[1] {
	case "p7b":
		certificates, err := os.ReadFile(os.Args[2])
		check(err)
		out = p7b(certificates)
	case "pfx":
		out = pfx(os.Args[2], os.Args[3:])
	}
	_, err := os.Stdout.Write(out)
	check(err)
}

// p7b writes the empty sets with a definite length, as encoders do.
func p7b(certificates []byte) []byte {
	const sequence, set, explicit0 = 0x30, 0x31, 0xA0
	emptySet := []byte{set, 0}
	signed := indefinite(sequence, marshal(1), emptySet, indefinite(sequence, marshal(oidData)),
		indefinite(explicit0, certificates), emptySet)
	return indefinite(sequence, marshal(oidSignedData), indefinite(explicit0, signed))
}

func indefinite(tag byte, content ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(content, nil)...), 0, 0)
}

type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"` // of type data
	}
	algorithm struct {
		Algorithm  asn1.ObjectIdentifier
		Parameters asn1.RawValue
	}
	macData struct {
		Digest struct {
			Algorithm algorithm
			Digest    []byte
		}
		Salt       []byte
		Iterations int
	}
)

func pfx(password string, files []string) []byte {
	var safes []asn1.RawValue
	for _, file := range files {
		data, err := os.ReadFile(file)
		check(err)
		var in struct {
			Version  int
			AuthSafe contentInfo
		}
		unmarshal(data, &in)
		var some []asn1.RawValue
		unmarshal(in.AuthSafe.Content, &some)
		safes = append(safes, some...)
	}
	var out struct {
		Version  int
		AuthSafe contentInfo
		MAC      macData
	}
	out.Version = 3
	out.AuthSafe = contentInfo{oidData, marshal(safes)}
	out.MAC.Salt = []byte("saltsalt")
	out.MAC.Iterations = 2048
	out.MAC.Digest.Algorithm = algorithm{oidSHA256, asn1.NullRawValue}
	mac := hmac.New(sha256.New, macKey(password, out.MAC.Salt, out.MAC.Iterations))
	mac.Write(out.AuthSafe.Content)
	out.MAC.Digest.Digest = mac.Sum(nil)
	return marshal(out)
}

// macKey derives the key of a MAC with SHA-256 (RFC 7292, appendix B.2), which needs the first block only.
func macKey(password string, salt []byte, iterations int) []byte {
	var p []byte
	for _, u := range append(utf16.Encode([]rune(password)), 0) {
		p = binary.BigEndian.AppendUint16(p, u)
	}
	block := bytes.Repeat([]byte{3}, sha256.BlockSize)
	block = append(append(block, fill(salt)...), fill(p)...)
	var key [sha256.Size]byte
	for range iterations {
		key = sha256.Sum256(block)
		block = key[:]
	}
	return key[:]
}

// fill repeats b to a multiple of the block size.
func fill(b []byte) []byte {
	n := (len(b) + sha256.BlockSize - 1) / sha256.BlockSize * sha256.BlockSize
	return bytes.Repeat(b, n/len(b)+1)[:n]
}

func marshal(v any) []byte {
	der, err := asn1.Marshal(v)
	check(err)
	return der
}

func unmarshal(der []byte, v any) {
	_, err := asn1.Unmarshal(der, v)
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
