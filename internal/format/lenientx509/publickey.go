package lenientx509

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"slices"
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
	case x509.ECDSA:
		info.Key = decompress(info.Key)
	}
	readable, _ := asn1.Marshal(info)
	key, err := x509.ParsePKIXPublicKey(readable)
	if err != nil {
		return nil, kind // not key, which may be a nil pointer
	}
	return key, kind
}

// decompress returns a compressed point of a NIST curve (SEC 1, section 2.3.3) in uncompressed form, and any other key as it is.
func decompress(key asn1.BitString) asn1.BitString {
	const uncompressed = 4
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		size := (curve.Params().BitSize + 7) / 8
		if len(key.Bytes) != 1+size {
			continue
		}
		if x, y := elliptic.UnmarshalCompressed(curve, key.Bytes); x != nil {
			point := slices.Concat([]byte{uncompressed}, x.FillBytes(make([]byte, size)), y.FillBytes(make([]byte, size)))
			return asn1.BitString{Bytes: point, BitLength: 8 * len(point)}
		}
	}
	return key
}
