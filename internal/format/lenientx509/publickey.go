package lenientx509

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"slices"
)

// The algorithms of keys, as crypto/x509 names them.
const oidRSA, oidECDSA = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"

var algorithms = map[string]x509.PublicKeyAlgorithm{
	oidRSA: x509.RSA, oidECDSA: x509.ECDSA, "1.2.840.10040.4.1": x509.DSA, "1.3.101.112": x509.Ed25519,
}

type publicKeyInfo struct {
	Algorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	Key asn1.BitString
}

// replacePublicKey returns the key in a form that crypto/x509 accepts, or in place of a key that it cannot use one of an
// algorithm that it does not know, which it accepts.
func replacePublicKey(der []byte) []byte {
	unknown := encode(tagSequence, encode(tagSequence, []byte{asn1.TagOID, 1, 0}), []byte{asn1.TagBitString, 1, 0})
	if _, err := x509.ParsePKIXPublicKey(der); err == nil {
		return der
	}
	var info publicKeyInfo
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return unknown
	}
	replaced := unknown
	switch info.Algorithm.OID.String() {
	case oidRSA:
		info.Algorithm.Parameters = asn1.NullRawValue // some tools leave it out
		replaced, _ = asn1.Marshal(info)
	case oidECDSA:
		replaced = decompress(info)
	}
	if _, err := x509.ParsePKIXPublicKey(replaced); err != nil {
		return unknown
	}
	return replaced
}

// decompress returns a key with its compressed point (SEC 1, section 2.3.3) in uncompressed form, nil if that is not a point
// of a NIST curve.
func decompress(info publicKeyInfo) []byte {
	const uncompressed = 4
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		size := (curve.Params().BitSize + 7) / 8
		if len(info.Key.Bytes) != 1+size {
			continue
		}
		x, y := elliptic.UnmarshalCompressed(curve, info.Key.Bytes)
		if x == nil {
			return nil
		}
		point := slices.Concat([]byte{uncompressed}, x.FillBytes(make([]byte, size)), y.FillBytes(make([]byte, size)))
		info.Key = asn1.BitString{Bytes: point, BitLength: 8 * len(point)}
		replaced, _ := asn1.Marshal(info)
		return replaced
	}
	return nil
}

// publicKeyAlgorithm says of what kind the key is, whether or not crypto/x509 can use it.
func publicKeyAlgorithm(der []byte) x509.PublicKeyAlgorithm {
	var info publicKeyInfo
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return x509.UnknownPublicKeyAlgorithm
	}
	return algorithms[info.Algorithm.OID.String()]
}
