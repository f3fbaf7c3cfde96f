package codesign

import (
	"crypto/x509"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// weakSignatures are the algorithms that use a broken hash, by their encoded object identifiers. crypto/x509 does not know all of
// them.
var weakSignatures = map[string]string{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02": "MD2-RSA", // 1.2.840.113549.1.1
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x03": "MD4-RSA",
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04": "MD5-RSA",
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05": "SHA1-RSA",
	"\x2b\x0e\x03\x02\x03":                 "MD5-RSA", // 1.3.14.3.2, as makecert of old wrote them
	"\x2b\x0e\x03\x02\x1d":                 "SHA1-RSA",
	"\x2b\x0e\x03\x02\x1b":                 "DSA-SHA1",
	"\x2a\x86\x48\xce\x38\x04\x03":         "DSA-SHA1",   // 1.2.840.10040.4.3
	"\x2a\x86\x48\xce\x3d\x04\x01":         "ECDSA-SHA1", // 1.2.840.10045.4.1
}

// weakHashes are the hashes that RSA-PSS may name.
var weakHashes = map[string]string{
	"\x2b\x0e\x03\x02\x1a":             "SHA1-RSA-PSS",
	"\x2a\x86\x48\x86\xf7\x0d\x02\x05": "MD5-RSA-PSS",
}

const oidPSS = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" // 1.2.840.113549.1.1.10

// weakSignature returns the name of the algorithm that the certificate is signed with if its hash is broken, "" otherwise.
func weakSignature(cert *x509.Certificate) string {
	// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm, parameters }, signature }
	outer, _, _ := ber.Next(cert.Raw)
	algorithm, parameters := outer.Child(1).Child(0), outer.Child(1).Child(1)
	if string(algorithm.Body) != oidPSS {
		return weakSignatures[string(algorithm.Body)]
	}
	hash := parameters.Child(0)
	if hash.Tag != ber.Context(0) {
		return "SHA1-RSA-PSS" // the default: RFC 4055, section 3.1
	}
	return weakHashes[string(hash.Child(0).Child(0).Body)]
}
