// Package pfx reads PKCS #12 containers (RFC 7292) as the tools in use write them: in DER and BER, with any number of safes
// and keys, with a MAC or without. Containers may be hostile: the work that they can cause is bounded.
package pfx

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// ErrIncorrectPassword says that the container has another password than the one given, if any.
var ErrIncorrectPassword = errors.New("the password is incorrect")

// Contents are the certificates of a container.
type Contents struct {
	Certificates []*x509.Certificate

	// Signers are those of Certificates that the container pairs with a private key, by key identifier or by name.
	Signers []*x509.Certificate

	HasKey bool // whether or not it is paired

	// Unreadable holds an error for each certificate, and each safe, that cannot be read.
	Unreadable []error
}

// IsContainer reports whether data begins like a container, complete or not: with a version number and a ContentInfo.
func IsContainer(data []byte) bool {
	outer, _, _ := ber.Beginning(data)
	version, rest, _ := ber.Beginning(outer.Body)
	info, _, _ := ber.Beginning(rest)
	kind, _, err := ber.Beginning(info.Body)
	return err == nil && outer.Tag == ber.Sequence && version.Tag == ber.Integer && info.Tag == ber.Sequence &&
		(oidData.is(kind) || oidSignedData.is(kind))
}

// Read returns the certificates of a container. Private keys are neither decrypted nor parsed. A container that needs no
// password is opened with any.
func Read(data []byte, password string) (*Contents, error) {
	found, err := open(data, password)
	if err != nil {
		return nil, err
	}
	contents := &Contents{HasKey: len(found.keys) > 0, Unreadable: found.unreadable}
	for _, cert := range found.certificates {
		contents.Certificates = append(contents.Certificates, cert.certificate)
		if slices.ContainsFunc(found.keys, cert.pairsWith) {
			contents.Signers = append(contents.Signers, cert.certificate)
		}
	}
	return contents, nil
}

// ReadKey returns the certificates of a container and its one private key. key is nil if it holds none.
func ReadKey(data []byte, password string) (certs []*x509.Certificate, key crypto.Signer, err error) {
	found, err := open(data, password)
	if err != nil {
		return nil, nil, err
	}
	for _, cert := range found.certificates {
		certs = append(certs, cert.certificate)
	}
	switch len(found.keys) {
	case 0:
		return certs, nil, nil
	case 1:
		key, err = found.opener.parseKey(found.keys[0].value)
		return certs, key, err
	}
	return nil, nil, errors.New("it holds several private keys instead of one")
}

// oid is the encoding of an object identifier, without tag and length.
type oid string

func (o oid) is(v ber.Value) bool { return v.Tag == ber.OID && string(v.Body) == string(o) }

const (
	oidData          oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01" // 1.2.840.113549.1.7.1
	oidSignedData    oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidEncryptedData oid = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"
)

// maxValues bounds how many values a SEQUENCE may have.
const maxValues = 10_000

// valuesOf returns the values of the SEQUENCE that data holds, with nothing behind it except zeros and white space, which some
// tools leave.
func valuesOf(data []byte) ([]ber.Value, error) {
	outer, rest, err := ber.Next(data)
	if err != nil || outer.Tag != ber.Sequence || len(bytes.Trim(rest, " \t\r\n\x00")) > 0 {
		return nil, cmp.Or(err, ber.ErrMalformed)
	}
	return outer.Children(0, maxValues)
}

// open reads the outermost structure: PFX ::= SEQUENCE { version, authSafe ContentInfo, macData OPTIONAL }.
func open(data []byte, password string) (*bags, error) {
	outer, _, err := ber.Next(data)
	if err != nil {
		return nil, err
	}
	kind, content := contentInfo(outer.Child(1))
	switch {
	case oidSignedData.is(kind):
		return nil, errors.New("it is signed with a certificate instead of a password, which is not supported")
	case !oidData.is(kind):
		return nil, ber.ErrMalformed
	}
	safes, err := content.Octets()
	if err != nil {
		return nil, err
	}
	opener := &opener{passwords: passwords(password), isGiven: password != "", work: maxWork}
	if macData := outer.Child(2); macData.Tag == ber.Sequence {
		if err := opener.checkMAC(macData, safes); err != nil {
			return nil, err
		}
	}
	found := &bags{opener: opener}
	return found, found.readSafes(safes)
}

// contentInfo reads ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT ANY }.
func contentInfo(v ber.Value) (kind, content ber.Value) {
	if explicit := v.Child(1); explicit.Tag == ber.Context(0) {
		content = explicit.Child(0)
	}
	return v.Child(0), content
}
