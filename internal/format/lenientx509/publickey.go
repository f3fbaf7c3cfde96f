package lenientx509

import (
	"crypto/x509"
	"encoding/asn1"
)

// algorithms are those of keys, as crypto/x509 names them.
var algorithms = map[string]x509.PublicKeyAlgorithm{
	"1.2.840.113549.1.1.1": x509.RSA, "1.2.840.10045.2.1": x509.ECDSA, "1.2.840.10040.4.1": x509.DSA, "1.3.101.112": x509.Ed25519,
}

type publicKeyInfo struct {
	Algorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	Key asn1.BitString
}

// parsePublicKey returns a key, nil if crypto/x509 cannot use it, and of what kind it is.
func parsePublicKey(der []byte) (key any, kind x509.PublicKeyAlgorithm) {
	var info publicKeyInfo
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, x509.UnknownPublicKeyAlgorithm
	}
	switch kind = algorithms[info.Algorithm.OID.String()]; kind {
	case x509.UnknownPublicKeyAlgorithm:
		return nil, kind
	case x509.RSA:
		info.Algorithm.Parameters = asn1.NullRawValue // some tools leave it out
	}
	readable, _ := asn1.Marshal(info)
	key, err := x509.ParsePKIXPublicKey(readable)
	if err != nil {
		return nil, kind // not key, which may be a nil pointer
	}
	return key, kind
}
