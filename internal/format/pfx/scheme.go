package pfx

import (
	"crypto/sha1" //nolint:gosec // what old containers use
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// scheme is a way to encrypt with a password.
type scheme struct {
	cipher blockCipher
	kdf    kdf
	iv     []byte // nil if it is derived like the key
}

// The encryption of PKCS #12 itself: 1.2.840.113549.1.12.1 and its last arc.
const oidPBE oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01"

const oidPBES2 oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d" // 1.2.840.113549.1.5.13

// parseScheme reads the algorithm that something is encrypted with.
func parseScheme(v ber.Value) (scheme, error) {
	algorithm, parameters := v.Child(0), v.Child(1)
	if oidPBES2.is(algorithm) {
		return parsePBES2(parameters)
	}
	arc, isPBE := strings.CutPrefix(string(algorithm.Body), string(oidPBE))
	if cipher, ok := pbeCiphers[arc]; isPBE && ok {
		return parsePBE(parameters, cipher)
	}
	return scheme{}, unsupported(algorithm)
}

// parsePBE reads pkcs-12PbeParams ::= SEQUENCE { salt OCTET STRING, iterations INTEGER }.
func parsePBE(parameters ber.Value, cipher blockCipher) (scheme, error) {
	salt, err := parameters.Child(0).Octets()
	if err != nil {
		return scheme{}, err
	}
	return scheme{cipher: cipher, kdf: pkcs12KDF(sha1.New, salt, integer(parameters.Child(1)))}, nil
}

// parsePBES2 reads PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme } (RFC 8018, appendix A.4).
func parsePBES2(parameters ber.Value) (scheme, error) {
	kdf, _, err := parsePBKDF2(parameters.Child(0))
	if err != nil {
		return scheme{}, err
	}
	encryption, ivValue := parameters.Child(1).Child(0), parameters.Child(1).Child(1)
	cipher, ok := pbes2Ciphers[oid(encryption.Body)]
	if !ok {
		return scheme{}, unsupported(encryption)
	}
	iv, err := ivValue.Octets()
	if err != nil {
		return scheme{}, err
	}
	if len(ivValue.Raw) == cipher.ivLength {
		iv = ivValue.Raw // old versions of NSS use the header of the value as its first two bytes
	}
	if len(iv) != cipher.ivLength {
		return scheme{}, ber.ErrMalformed
	}
	return scheme{cipher, kdf, iv}, nil
}

func unsupported(algorithm ber.Value) error {
	var id x509.OID
	if err := id.UnmarshalBinary(algorithm.Body); err != nil {
		return ber.ErrMalformed
	}
	return fmt.Errorf("it is encrypted with the unknown algorithm %.80s", id)
}
