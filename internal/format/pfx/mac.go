package pfx

import (
	"crypto/hmac"
	"hash"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

const oidPBMAC1 oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e" // 1.2.840.113549.1.5.14

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
	if oidPBMAC1.is(algorithm) {
		return o.checkPBMAC1(parameters, message, want)
	}
	newHash := hashes[oid(algorithm.Body)]
	if newHash == nil {
		return nil
	}
	iterations := 1
	if count := macData.Child(2); count.Tag == ber.Integer {
		iterations = integer(count)
	}
	return o.choose(func(p password) [][]byte { return p.bmp }, func(secret []byte) (bool, error) {
		key, err := o.derive12(newHash, secret, salt, iterations, purposeMAC, newHash().Size())
		return err == nil && isMAC(newHash, key, message, want), err
	})
}

// checkPBMAC1 does the same for PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme } (RFC 9579).
func (o *opener) checkPBMAC1(parameters ber.Value, message, want []byte) error {
	newHash := hmacs[oid(parameters.Child(1).Child(0).Body)]
	kdf, err := parsePBKDF2(parameters.Child(0))
	switch {
	case newHash == nil || err != nil:
		return nil //nolint:nilerr // of an unknown kind
	case kdf.keyLength < 0 || kdf.keyLength > maxKeyLength:
		return errTooMuchWork
	case kdf.keyLength == 0: // some tools leave it out
		kdf.keyLength = newHash().Size()
	}
	return o.choose(func(p password) [][]byte { return p.utf8 }, func(secret []byte) (bool, error) {
		key, err := o.derivePBKDF2(kdf, secret, kdf.keyLength)
		return err == nil && isMAC(newHash, key, message, want), err
	})
}

func isMAC(newHash func() hash.Hash, key, message, want []byte) bool {
	mac := hmac.New(newHash, key)
	mac.Write(message)
	return hmac.Equal(mac.Sum(nil), want)
}
