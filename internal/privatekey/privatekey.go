// Package privatekey finds private keys in bytes that are about to leave the machine.
package privatekey

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
)

// Find says which kind of private key data holds, "" if none: PEM of any kind, PKCS #1, DSA, SEC 1, PKCS #8 (plain
// or encrypted) or PKCS #12, also behind other DER, inside PEM, in UTF-16, in base64 without armour, or cut short.
//
// It looks at the structure alone, so that keys which Go cannot parse are found as well.
func Find(data []byte) string { return find(data, 3) }

// find looks through so many layers of base64.
func find(data []byte, layers int) string {
	text := plainText(data)
	if begin := bytes.Index(text, []byte("-----BEGIN ")); begin >= 0 {
		if bytes.Contains(text[begin:], []byte("PRIVATE KEY")) {
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

// plainText takes off what editors and PowerShell's redirection put around text: a byte-order mark, UTF-16, white space.
func plainText(data []byte) []byte {
	text := data
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		text = bytes.ReplaceAll(data[2:], []byte{0}, nil)
	case bytes.Contains(data, []byte("-\x00-")):
		text = bytes.ReplaceAll(data, []byte{0}, nil)
	}
	return bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), " \t\r\n")
}

// fromBase64 decodes as much of text as is base64 of either alphabet.
func fromBase64(text []byte) []byte {
	digits := make([]byte, 0, len(text))
	for _, c := range text {
		switch c {
		case '-':
			c = '+'
		case '_':
			c = '/'
		case ' ', '\t', '\r', '\n':
			continue
		}
		if !isBase64(c) {
			break
		}
		digits = append(digits, c)
	}
	decoded := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
	whole := len(digits) / 4 * 4
	n, _ := base64.RawStdEncoding.Decode(decoded, digits[:whole]) // digits alone, in whole groups
	return decoded[:n]
}

func isBase64(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}

const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagOID         = 0x06
	tagSequence    = 0x30
)

// inDER looks at each of the values that stand one behind the other in data.
func inDER(data []byte) string {
	for len(data) > 0 {
		value, rest, ok := next(data)
		if !ok {
			return ""
		}
		if value.tag == tagSequence {
			if kind := inSequence(value.body); kind != "" {
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
	case first.tag == tagSequence && second.tag == tagOctetString && startsWithOID(first.body):
		return "encrypted PKCS #8 private key"
	case first.tag != tagInteger || len(first.body) != 1:
		return ""
	case second.tag == tagInteger:
		return "PKCS #1 private key"
	case second.tag == tagOctetString:
		return "SEC 1 private key"
	case second.tag == tagSequence && isContentInfo(second.body):
		return "PKCS #12 container"
	case second.tag == tagSequence && startsWithOID(second.body):
		return "PKCS #8 private key"
	}
	return ""
}

func startsWithOID(body []byte) bool {
	value, _, ok := next(body)
	return ok && value.tag == tagOID
}

// pkcs7 is 1.2.840.113549.1.7, the arc of the content types that a PKCS #12 container wraps its bags in (RFC 7292,
// section 4).
var pkcs7 = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07}

func isContentInfo(body []byte) bool {
	value, _, ok := next(body)
	return ok && value.tag == tagOID && bytes.HasPrefix(value.body, pkcs7)
}

type element struct {
	tag  byte
	body []byte
}

// next reads one BER value. It is lenient where encoding/asn1 is strict, because half a key is still a secret: a length
// beyond the data means all the rest, and so does an indefinite one.
func next(data []byte) (value element, rest []byte, ok bool) {
	if len(data) < 2 {
		return element{}, nil, false
	}
	tag, length, body := data[0], int(data[1]), data[2:]
	const indefinite, longForm = 0x80, 0x80
	switch {
	case length == indefinite:
		length = len(body)
	case length > longForm:
		octets := length - longForm
		if octets > len(body) {
			return element{}, nil, false
		}
		length = 0
		for _, b := range body[:octets] {
			length = min(length<<8|int(b), len(data))
		}
		body = body[octets:]
	}
	length = min(length, len(body))
	return element{tag, body[:length]}, body[length:], true
}
