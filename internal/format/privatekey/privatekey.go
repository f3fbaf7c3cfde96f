// Package privatekey finds private keys in bytes that are about to leave the machine.
package privatekey

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
	"github.com/seed-230b9595/intune-go/internal/format/unwrap"
)

// The kinds of keys that come with certificates.
const (
	PKCS12       = "PKCS #12 container"
	JavaKeyStore = "Java key store"
)

// Find says which kind of private key data holds, "" if none. It finds keys in DER and BER, plain or encrypted, PEM of any
// kind, PKCS #12, PuTTY, OpenSSH, JWK, XML, PVK, strong names and Java key stores; anywhere in data, truncated or not, and in
// every encoding that package unwrap undoes.
//
// It looks at the structure alone, so that keys which Go cannot parse, and halves of keys, are found as well. A key store
// counts as a key, although it may hold only certificates.
func Find(data []byte) (kind string) {
	_, isComplete := unwrap.Find(data, func(layer []byte) bool {
		if kind == "" {
			kind = kindOf(layer)
		}
		return kind != ""
	})
	if kind == "" && !isComplete {
		return "nested in too many encodings"
	}
	return kind
}

// marks are what stands in keys that are not DER.
var marks = []struct{ mark, kind string }{
	{"openssh-key-v1\x00", "OpenSSH private key"},
	{"PuTTY-User-Key-File", "PuTTY private key"},
	{"AGE-SECRET-KEY-1", "age private key"},
	{"\x1e\xf1\xb5\xb0\x00\x00\x00\x00", "PVK private key"},
	{"\x07\x02\x00\x00\x00\x24\x00\x00RSA2", "strong-name private key"},
	{"\x07\x02\x00\x00\x00\xa4\x00\x00RSA2", "strong-name private key"},
	{"\xfe\xed\xfe\xed\x00\x00\x00", JavaKeyStore},
	{"\xce\xce\xce\xce\x00\x00\x00", JavaKeyStore},
}

// texts are keys that are text. Few texts hold the word that is looked for first.
var texts = []struct {
	word string
	text *regexp.Regexp
	kind string
}{
	{"PRIVATE KEY", regexp.MustCompile(`-{4} ?(BEGIN|END)[^-\n]* PRIVATE KEY`), "PEM private key"},
	{`"kty"`, regexp.MustCompile(`(?s)"kty".*"[dk]"\s*:|"[dk]"\s*:.*"kty"`), "JWK private key"},
	{"<RSAKeyValue>", regexp.MustCompile(`(?s)<RSAKeyValue>.*<(D|P|InverseQ)>`), "XML private key"},
}

// kindOf says which kind of key data is or holds, in its own encoding.
func kindOf(data []byte) string {
	for _, m := range marks {
		if bytes.Contains(data, []byte(m.mark)) {
			return m.kind
		}
	}
	for _, t := range texts {
		if bytes.Contains(data, []byte(t.word)) && t.text.Match(data) {
			return t.kind
		}
	}
	for i, b := range data {
		if b != ber.Sequence {
			continue
		}
		if kind := inSequence(data[i:]); kind != "" {
			return kind
		}
	}
	return ""
}

// inSequence tells the key formats apart by their first members.
func inSequence(data []byte) string {
	outer, _, _ := ber.Beginning(data)
	first, rest, _ := ber.Beginning(outer.Body)
	second, rest, err := ber.Beginning(rest)
	if err != nil {
		return ""
	}
	third, _, _ := ber.Beginning(rest)
	const leastModulus = 32 // bytes, of RSA and DSA
	switch id := algorithmOf(second); {
	case first.Tag == ber.Sequence && second.Is(ber.OctetString) && isCipher(algorithmOf(first)):
		return "encrypted PKCS #8 private key"
	case !isVersion(first):
		return ""
	case second.Tag == ber.Integer && len(second.Body) >= leastModulus:
		return "PKCS #1 private key"
	case second.Is(ber.OctetString) && third.Tag != ber.Integer: // which the signature of an installer has there
		return "SEC 1 private key"
	case strings.HasPrefix(id, pkcs7):
		return PKCS12
	case id != "" && (third.Is(ber.OctetString) || third.Raw == nil): // an old certificate has its issuer there
		return "PKCS #8 private key"
	}
	return ""
}

// isVersion reports whether v is the version of a key format: 0 to 3.
func isVersion(v ber.Value) bool {
	const last = 3
	octets := bytes.TrimLeft(v.Body, "\x00")
	return v.Tag == ber.Integer && len(v.Body) > 0 && (len(octets) == 0 || len(octets) == 1 && octets[0] <= last)
}

// algorithmOf returns the object identifier that a SEQUENCE begins with, encoded, "" if it begins with something else. All
// algorithms are below 1.2, 1.3 and 2.16.
func algorithmOf(v ber.Value) string {
	id, _, _ := ber.Beginning(v.Body)
	if v.Tag != ber.Sequence || id.Tag != ber.OID || len(id.Body) == 0 || strings.IndexByte("\x2a\x2b\x60", id.Body[0]) < 0 {
		return ""
	}
	return string(id.Body)
}

// pkcs7 is 1.2.840.113549.1.7, the arc of the content types that a PKCS #12 container wraps its bags in (RFC 7292,
// section 4).
const pkcs7 = "\x2a\x86\x48\x86\xf7\x0d\x01\x07"

// isCipher reports whether an algorithm may encrypt. Hashes do not: DigestInfo ::= SEQUENCE { digestAlgorithm, digest OCTET
// STRING }, in every signature of a program, has the form of an encrypted key.
func isCipher(id string) bool {
	for _, hash := range []string{
		"\x60\x86\x48\x01\x65\x03\x04\x02", // 2.16.840.1.101.3.4.2, of NIST: SHA-2 and SHA-3
		"\x2b\x0e\x03\x02\x1a",             // 1.3.14.3.2.26: SHA-1
		"\x2a\x86\x48\x86\xf7\x0d\x02",     // 1.2.840.113549.2, of RSA: MD2, MD4, MD5
	} {
		if strings.HasPrefix(id, hash) {
			return false
		}
	}
	return id != ""
}
