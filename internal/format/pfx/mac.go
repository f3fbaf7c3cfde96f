package pfx

import (
	"crypto/hmac"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

const oidPBMAC1 oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e" // 1.2.840.113549.1.5.14

// maxKeyLength is more than a MAC needs, whose key may have any length (RFC 9579, section 5).
const maxKeyLength = 1 << 10

// checkMAC finds the password whose MAC matches, and keeps that one. A MAC of an unknown kind is not checked: then
// decrypting tells whether the password is correct.
//
//	MacData ::= SEQUENCE { mac SEQUENCE { algorithm, digest OCTET STRING }, salt OCTET STRING, iterations DEFAULT 1 }
func (o *opener) checkMAC(macData ber.Value, message []byte) error {
	digestInfo := macData.Child(0)
	algorithm, parameters := digestInfo.Child(0).Child(0), digestInfo.Child(0).Child(1)
	want, err := digestInfo.Child(1).Octets()
	if err != nil {
		return err
	}
	salt, err := macData.Child(1).Octets()
	if err != nil {
		return err
	}
	newHash, iterations := hashes[oid(algorithm.Body)], 1
	if count := macData.Child(2); count.Tag == ber.Integer {
		iterations = integer(count)
	}
	kdf, length := pkcs12KDF(newHash, salt, iterations), 0
	if oidPBMAC1.is(algorithm) { // PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme } (RFC 9579)
		newHash = hmacs[oid(parameters.Child(1).Child(0).Body)]
		kdf, length, err = parsePBKDF2(parameters.Child(0))
	}
	switch {
	case newHash == nil || err != nil:
		return nil //nolint:nilerr // of an unknown kind
	case length < 0 || length > maxKeyLength:
		return errTooMuchWork
	case length == 0: // some tools leave it out
		length = newHash().Size()
	}
	return o.choose(kdf.encodings, func(secret []byte) (bool, error) {
		key, err := kdf.derive(o, secret, purposeMAC, length)
		if err != nil {
			return false, err
		}
		mac := hmac.New(newHash, key)
		mac.Write(message)
		return hmac.Equal(mac.Sum(nil), want), nil
	})
}
