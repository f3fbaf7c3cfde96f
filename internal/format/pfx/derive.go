package pfx

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what old containers use
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what most containers use
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// hashes are the digests of a MAC, by their object identifiers.
var hashes = map[oid]func() hash.Hash{
	"\x2a\x86\x48\x86\xf7\x0d\x02\x05":     md5.New,
	oidSHA1:                                sha1.New,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x04": sha256.New224,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x01": sha256.New,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x02": sha512.New384,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x03": sha512.New,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x05": sha512.New512_224,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x06": sha512.New512_256,
}

const oidSHA1 oid = "\x2b\x0e\x03\x02\x1a" // 1.3.14.3.2.26

// hmacs are the pseudo-random functions of PBKDF2: 1.2.840.113549.2 and its last arc.
var hmacs = map[oid]func() hash.Hash{
	"\x2a\x86\x48\x86\xf7\x0d\x02\x07": sha1.New,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x08": sha256.New224,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x09": sha256.New,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x0a": sha512.New384,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x0b": sha512.New,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x0c": sha512.New512_224,
	"\x2a\x86\x48\x86\xf7\x0d\x02\x0d": sha512.New512_256,
}

// weight is the cost of an iteration. SHA-512 takes several times as long as the ones that processors have instructions for.
func weight(newHash func() hash.Hash) int {
	if h := newHash(); h.BlockSize() > sha256.BlockSize {
		return 3
	}
	return 1
}

// The purposes of keys in PKCS #12 (RFC 7292, appendix B.3).
const (
	purposeKey = 1
	purposeIV  = 2
	purposeMAC = 3
)

// kdf derives keys from a password.
type kdf struct {
	encodings func(password) [][]byte
	derive    func(o *opener, secret []byte, purpose byte, length int) ([]byte, error)
}

// pkcs12KDF derives keys as PKCS #12 does (RFC 7292, appendix B.2).
func pkcs12KDF(newHash func() hash.Hash, salt []byte, iterations int) kdf {
	return kdf{func(p password) [][]byte { return p.bmp }, func(o *opener, secret []byte, purpose byte, length int) ([]byte, error) {
		size := newHash().Size()
		if err := o.spend(iterations, (length+size-1)/size, weight(newHash)); err != nil {
			return nil, err
		}
		return derive12(newHash(), secret, salt, iterations, purpose, length), nil
	}}
}

func derive12(h hash.Hash, secret, salt []byte, iterations int, purpose byte, length int) []byte {
	block := h.BlockSize()
	diversifier := bytes.Repeat([]byte{purpose}, block)
	input := append(repeat(salt, block), repeat(secret, block)...)
	var key, digest []byte
	for len(key) < length {
		h.Reset()
		h.Write(diversifier)
		h.Write(input)
		digest = h.Sum(digest[:0])
		for range iterations - 1 {
			h.Reset()
			h.Write(digest)
			digest = h.Sum(digest[:0])
		}
		key = append(key, digest...)
		addToEach(input, repeat(digest, block)[:block])
	}
	return key[:length]
}

// repeat repeats data up to a multiple of size.
func repeat(data []byte, size int) []byte {
	if len(data) == 0 {
		return nil
	}
	length := (len(data) + size - 1) / size * size
	return bytes.Repeat(data, length/len(data)+1)[:length]
}

// addToEach adds b and 1 to each block of data, as big-endian numbers.
func addToEach(data, b []byte) {
	for ; len(data) > 0; data = data[len(b):] {
		carry := 1
		for i := len(b) - 1; i >= 0; i-- {
			carry += int(data[i]) + int(b[i])
			data[i] = byte(carry) //nolint:gosec // the rest is carried
			carry >>= 8
		}
	}
}

const oidPBKDF2 oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c" // 1.2.840.113549.1.5.12

// parsePBKDF2 reads SEQUENCE { salt OCTET STRING, iterations INTEGER, keyLength INTEGER OPTIONAL, prf DEFAULT hmacWithSHA1 }
// (RFC 8018, appendix A.2). keyLength is 0 if it is not given.
func parsePBKDF2(v ber.Value) (_ kdf, keyLength int, err error) {
	if algorithm := v.Child(0); !oidPBKDF2.is(algorithm) {
		return kdf{}, 0, unsupported(algorithm)
	}
	parts, err := v.Child(1).Children(2, maxValues)
	if err != nil {
		return kdf{}, 0, err
	}
	if !parts[0].Is(ber.OctetString) {
		return kdf{}, 0, ber.ErrMalformed
	}
	salt, err := parts[0].Octets()
	if err != nil {
		return kdf{}, 0, err
	}
	newHash := sha1.New
	for _, part := range parts[2:] {
		if part.Is(ber.Integer) {
			keyLength = integer(part)
			continue
		}
		prf := part.Child(0)
		if newHash = hmacs[oid(prf.Body)]; newHash == nil {
			return kdf{}, 0, unsupported(prf)
		}
	}
	return pbkdf2KDF(newHash, salt, integer(parts[1])), keyLength, nil
}

func pbkdf2KDF(newHash func() hash.Hash, salt []byte, iterations int) kdf {
	return kdf{func(p password) [][]byte { return p.utf8 }, func(o *opener, secret []byte, _ byte, length int) ([]byte, error) {
		size := newHash().Size()
		if err := o.spend(iterations, (length+size-1)/size, 2*weight(newHash)); err != nil {
			return nil, err
		}
		return pbkdf2.Key(newHash, string(secret), salt, max(iterations, 1), length)
	}}
}
