// Package privatekey finds private keys in bytes that are about to leave the machine.
package privatekey

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
	"github.com/seed-230b9595/intune-go/internal/format/pemtext"
)

// PKCS12 is the kind of key that comes in a container, with its certificates.
const PKCS12 = "PKCS #12 container"

// Find says which kind of private key data holds, "" if none: PEM of any kind, PKCS #1, DSA, SEC 1, PKCS #8 (plain
// or encrypted) or PKCS #12, PVK, and Java key stores, also behind other DER, inside PEM, in UTF-16, in base64 without armour, or cut short.
//
// It looks at the structure alone, so that keys which Go cannot parse, and halves of keys, are found as well.
func Find(data []byte) string { return find(data, 3) }

// find looks through so many layers of base64.
func find(data []byte, layers int) string {
	switch {
	case bytes.HasPrefix(data, []byte("\x1e\xf1\xb5\xb0")):
		return "PVK private key"
	case isKeyStore(data) && !holdsOnlyCertificates(data):
		return "Java key store"
	}
	text := pemtext.Plain(data)
	if bytes.Contains(text, []byte("-----")) {
		if hasKeyBoundary(text) {
			return "PEM private key"
		}
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if kind := inDER(block.Bytes); kind != "" {
				return kind
			}
		}
	}
	if kind := inDER(text); kind != "" {
		return kind
	}
	if layers > 0 {
		if decoded := fromBase64(text); len(decoded) > 0 {
			if kind := find(decoded, layers-1); kind != "" {
				return kind
			}
		}
	}
	return inDER(data)
}

// hasKeyBoundary says whether a line of PEM names a private key: BEGIN or END, with the rest of the line or without.
func hasKeyBoundary(text []byte) bool {
	for _, boundary := range []string{"-----BEGIN ", "-----END "} {
		for rest := text; ; {
			_, after, found := bytes.Cut(rest, []byte(boundary))
			if !found {
				break
			}
			rest = after
			label, _, _ := bytes.Cut(rest, []byte("-"))
			label, _, _ = bytes.Cut(label, []byte("\n"))
			if bytes.Contains(label, []byte("PRIVATE KEY")) {
				return true
			}
		}
	}
	return false
}

// fromBase64 decodes as much of text as is base64 of either alphabet, nil if that is too little to be told from a word.
func fromBase64(text []byte) []byte {
	const shortest = 16
	digits, end := 0, 0
	for ; end < len(text) && (isBase64(text[end]) || isSpace(text[end])); end++ {
		if !isSpace(text[end]) {
			digits++
		}
	}
	if digits < shortest {
		return nil
	}
	plain := make([]byte, 0, digits)
	for _, c := range text[:end] {
		switch {
		case isSpace(c):
			continue
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		}
		plain = append(plain, c)
	}
	decoded, _ := base64.RawStdEncoding.AppendDecode(nil, plain[:digits/4*4]) // digits alone, in whole groups
	return decoded
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isBase64(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

// inDER looks at each of the values that stand one behind the other in data.
func inDER(data []byte) string {
	for len(data) > 0 {
		v, rest, ok := next(data)
		if !ok {
			return ""
		}
		if v.tag == ber.Sequence {
			if kind := inSequence(v.body); kind != "" {
				return kind
			}
		}
		data = rest
	}
	return ""
}

// inSequence tells the key formats apart by their first members. A certificate begins with two SEQUENCEs and a
// public key has no version number, so neither is mistaken for one.
func inSequence(body []byte) string {
	first, rest, ok := next(body)
	if !ok {
		return ""
	}
	second, _, ok := next(rest)
	if !ok {
		return ""
	}
	switch {
	case first.tag == ber.Sequence && second.tag == ber.OctetString && startsWithOID(first.body) && !isDigest(first.body):
		return "encrypted PKCS #8 private key"
	case first.tag != ber.Integer || len(first.body) != 1:
		return ""
	case second.tag == ber.Integer:
		return "PKCS #1 private key"
	case second.tag == ber.OctetString:
		return "SEC 1 private key"
	case second.tag == ber.Sequence && isContentInfo(second.body):
		return PKCS12
	case second.tag == ber.Sequence && startsWithOID(second.body):
		return "PKCS #8 private key"
	}
	return ""
}

func startsWithOID(body []byte) bool {
	v, _, ok := next(body)
	return ok && v.tag == ber.OID
}

// isDigest says whether an algorithm is a hash. DigestInfo ::= SEQUENCE { digestAlgorithm, digest OCTET STRING }, in every signature
// of a program, has the same form as an encrypted key.
func isDigest(algorithm []byte) bool {
	v, _, _ := next(algorithm)
	for _, hash := range []string{
		"\x60\x86\x48\x01\x65\x03\x04\x02", // 2.16.840.1.101.3.4.2, of NIST: SHA-2 and SHA-3
		"\x2b\x0e\x03\x02\x1a",             // 1.3.14.3.2.26: SHA-1
		"\x2a\x86\x48\x86\xf7\x0d\x02",     // 1.2.840.113549.2, of RSA: MD2, MD4, MD5
	} {
		if bytes.HasPrefix(v.body, []byte(hash)) {
			return true
		}
	}
	return false
}

// pkcs7 is 1.2.840.113549.1.7, the arc of the content types that a PKCS #12 container wraps its bags in (RFC 7292,
// section 4).
var pkcs7 = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07}

func isContentInfo(body []byte) bool {
	v, _, ok := next(body)
	return ok && v.tag == ber.OID && bytes.HasPrefix(v.body, pkcs7)
}
