package pfx

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
)

// The bags that are read (RFC 7292, section 4.2). Others, with revocation lists and other secrets, are passed over.
const (
	oidKeyBag          oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01" // 1.2.840.113549.1.12.10.1.1
	oidShroudedKeyBag  oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02"
	oidCertBag         oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03"
	oidSafeContentsBag oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06"

	oidX509Certificate oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01" // the other type, SDSI, is not X.509
	oidFriendlyName    oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14"
	oidLocalKeyID      oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15"
)

// bags are what is found in the safes of a container.
type bags struct {
	opener             *opener
	certificates, keys []safeBag
	unreadable         []error
}

// safeBag is a certificate or a private key, with the attributes that pair them.
type safeBag struct {
	localKeyID, friendlyName string
	value                    ber.Value         // as it stands in the container
	certificate              *x509.Certificate // nil for a key
}

// pairsWith compares the key identifiers, or the names if one side has no key identifier.
func (b safeBag) pairsWith(other safeBag) bool {
	if b.localKeyID != "" && other.localKeyID != "" {
		return b.localKeyID == other.localKeyID
	}
	return b.friendlyName != "" && b.friendlyName == other.friendlyName
}

// readSafes reads AuthenticatedSafe ::= SEQUENCE OF ContentInfo. A safe that cannot be read does not hide the others.
func (b *bags) readSafes(data []byte) error {
	safes, err := valuesOf(data)
	if err != nil {
		return err
	}
	for _, safe := range safes {
		contents, err := b.openSafe(safe)
		if err == nil {
			err = b.readSafeContents(contents, maxBagNesting)
		}
		if errors.Is(err, errTooMuchWork) {
			return err
		}
		if err != nil {
			b.unreadable = append(b.unreadable, err)
		}
	}
	if len(b.certificates) == 0 && len(b.unreadable) > 0 {
		return b.unreadable[0]
	}
	return nil
}

// openSafe returns the SafeContents of a safe, decrypted.
func (b *bags) openSafe(safe ber.Value) ([]byte, error) {
	kind, content := contentInfo(safe)
	switch {
	case oidData.is(kind):
		return content.Octets()
	case !oidEncryptedData.is(kind):
		return nil, errors.New("it is encrypted for a certificate instead of a password, which is not supported")
	}
	// EncryptedData ::= SEQUENCE { version, EncryptedContentInfo ::= SEQUENCE { type, algorithm, [0] IMPLICIT OCTET STRING } }
	info := content.Child(1)
	sealed, err := info.Child(2).Octets()
	if err != nil {
		return nil, err
	}
	return b.opener.decrypt(info.Child(1), sealed)
}

// maxBagNesting bounds how deep bags may hold bags.
const maxBagNesting = 4

// readSafeContents reads SafeContents ::= SEQUENCE OF SafeBag.
func (b *bags) readSafeContents(data []byte, levels int) error {
	values, err := valuesOf(data)
	if err != nil {
		return err
	}
	for _, value := range values {
		if err := b.readBag(value, levels); err != nil {
			b.unreadable = append(b.unreadable, err)
		}
	}
	return nil
}

// readBag reads SafeBag ::= SEQUENCE { bagId, bagValue [0] EXPLICIT ANY, bagAttributes SET OPTIONAL }.
func (b *bags) readBag(v ber.Value, levels int) error {
	kind, value := contentInfo(v)
	switch {
	case kind.Tag != ber.OID:
		return ber.ErrMalformed
	case oidCertBag.is(kind):
		cert, err := parseCertBag(value)
		if cert != nil {
			b.certificates = append(b.certificates, newSafeBag(v, cert))
		}
		return err
	case oidKeyBag.is(kind), oidShroudedKeyBag.is(kind):
		b.keys = append(b.keys, newSafeBag(v, nil))
	case oidSafeContentsBag.is(kind) && levels == 0:
		return ber.ErrMalformed
	case oidSafeContentsBag.is(kind):
		return b.readSafeContents(value.Raw, levels-1)
	}
	return nil
}

// parseCertBag reads CertBag ::= SEQUENCE { certId, certValue [0] EXPLICIT OCTET STRING }. A type that is not X.509 is nil.
func parseCertBag(value ber.Value) (*x509.Certificate, error) {
	kind, content := contentInfo(value)
	if !oidX509Certificate.is(kind) {
		return nil, nil
	}
	der, err := content.Octets()
	if err != nil {
		return nil, err
	}
	cert, err := lenientx509.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("a certificate cannot be read: %w", err)
	}
	return cert, nil
}

// newSafeBag reads what follows the value of a bag. Damaged attributes are like missing ones.
func newSafeBag(v ber.Value, cert *x509.Certificate) safeBag {
	b := safeBag{certificate: cert}
	_, b.value = contentInfo(v)
	list, _ := v.Child(2).Children(0, maxValues)
	for _, attribute := range list {
		octets, _ := attribute.Child(1).Child(0).Octets()
		switch kind := attribute.Child(0); {
		case oidLocalKeyID.is(kind):
			b.localKeyID = string(octets)
		case oidFriendlyName.is(kind):
			b.friendlyName = string(octets)
		}
	}
	return b
}

var errUnreadableKey = errors.New("its private key cannot be read")

// parseKey decrypts and parses a private key. Errors say no more than that there is one, because others could quote it. GnuTLS
// puts keys that are not encrypted into bags for encrypted ones, so what is inside decides: PrivateKeyInfo begins with a
// version number, EncryptedPrivateKeyInfo ::= SEQUENCE { algorithm, OCTET STRING } does not.
func (o *opener) parseKey(value ber.Value) (crypto.Signer, error) {
	der := value.Raw
	if first := value.Child(0); !first.Is(ber.Integer) {
		sealed, err := value.Child(1).Octets()
		if err != nil {
			return nil, errUnreadableKey
		}
		if der, err = o.decrypt(first, sealed); err != nil {
			return nil, err
		}
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errUnreadableKey
	}
	signer, isSigner := key.(crypto.Signer)
	if !isSigner {
		return nil, errors.New("its private key is not for signing")
	}
	return signer, nil
}
