package intune

// This file rejects what must not be uploaded: private keys in any field, and certificates that have expired.

import (
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
	"github.com/seed-230b9595/intune-go/internal/format/privatekey"
	"github.com/seed-230b9595/intune-go/internal/format/unwrap"
)

func validate(cert *EnterpriseCodeSigningCertificate, allowExpired bool) error {
	bad := func(problem string) error { return &InputError{Name: "certificate", Problem: problem} }
	if cert == nil {
		return bad("is nil")
	}
	if len(cert.Content) == 0 && cert.Subject == "" && cert.SubjectName == "" {
		return bad("has neither content nor subject")
	}
	for _, f := range cert.fields() {
		if f.isZero() {
			continue
		}
		if err := f.validate("certificate"); err != nil {
			return err
		}
	}
	for name, value := range cert.AdditionalData {
		if err := validateTexts("certificate", name, string(value)); err != nil {
			return err
		}
	}
	if expiration, err := lenientx509.Expiration(cert.Content); err == nil && !allowExpired && time.Now().After(expiration) {
		return bad("expired on " + formatTime(expiration) + ": upload its successor, or allow it with WithExpiredAllowed")
	}
	return nil
}

// validate rejects a value that must not be sent, or cannot be.
func (f field) validate(of string) error {
	switch value := f.value.(type) {
	case *[]byte:
		return validateContent(of, *value)
	case *string:
		return validateTexts(of, *value)
	case *CertificateStatus:
		return validateTexts(of, string(*value))
	case *wireDate:
		if _, err := wireTime(time.Time(*value)); err != nil || f.isZero() {
			return &InputError{Name: f.name, Problem: "cannot be sent", Err: err}
		}
	}
	return nil
}

// validateContent rejects what must not be uploaded as content: what is neither exactly one certificate, nor something that
// nobody could take for one and that holds no private key.
func validateContent(of string, content []byte) error {
	if _, err := lenientx509.Expiration(content); err == nil {
		return nil
	}
	if err := validateTexts(of, string(content)); err != nil {
		return err
	}
	if certs, isComplete := unwrap.Find(content, isLikeCertificate); len(certs) > 0 || !isComplete {
		problem := "is not exactly one certificate in DER: codesign.Parse reads other forms"
		if unwrap.IsPEM(content) {
			problem = "is PEM: codesign.Parse reads certificates in PEM"
		}
		return &InputError{Name: of + " content", Problem: problem}
	}
	return nil // for the service to judge
}

// isLikeCertificate reports whether data is PEM, or begins like a certificate or PKCS #7: with a SEQUENCE or an object
// identifier in a SEQUENCE.
func isLikeCertificate(data []byte) bool {
	const least = 64 // so that it is not a word that looks like base64
	outer, _, _ := ber.Beginning(data)
	first, _, _ := ber.Beginning(outer.Body)
	return unwrap.IsPEM(data) ||
		len(data) >= least && outer.Tag == ber.Sequence && (first.Tag == ber.Sequence || first.Tag == ber.OID)
}

// validateTexts rejects a private key, in whatever encoding. It does not say where: that could be the key.
func validateTexts(of string, texts ...string) error {
	for _, text := range texts {
		if text == "" {
			continue
		}
		if kind := privatekey.Find([]byte(text)); kind != "" {
			return &InputError{Name: of, Problem: "holds a private key (" + kind + "), which must not leave this machine: upload only the certificate"}
		}
	}
	return nil
}
