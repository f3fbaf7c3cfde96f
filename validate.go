package intune

// This file rejects what must not be uploaded: private keys in any field, and certificates that have expired.

import (
	"bytes"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
	"github.com/seed-230b9595/intune-go/internal/format/privatekey"
	"github.com/seed-230b9595/intune-go/internal/jsonscan"
)

// validate rejects what must not be uploaded.
func validate(cert *EnterpriseCodeSigningCertificate, allowExpired bool) error {
	bad := func(problem string) error { return &InputError{Name: "certificate", Problem: problem} }
	if cert == nil {
		return bad("is nil")
	}
	if len(cert.Content) == 0 && cert.Subject == "" && cert.SubjectName == "" {
		return bad("has neither content nor subject")
	}
	expiration, err := validateContent("certificate", cert.Content)
	if err != nil {
		return err
	}
	if err := validateTexts("certificate", string(cert.Status), cert.Subject, cert.SubjectName, cert.Issuer, cert.IssuerName); err != nil {
		return err
	}
	for name, value := range cert.AdditionalData {
		if kind := privateKeyInJSON(value); kind != "" {
			return privateKeyError("certificate property "+name, kind)
		}
	}
	if !expiration.IsZero() && !allowExpired && time.Now().After(expiration) {
		return bad("expired on " + formatTime(expiration) + ": upload its successor, or allow it with WithExpiredAllowed")
	}
	return nil
}

// validateContent rejects what must not be uploaded as content. It returns when the certificate expires, zero if the content
// is no certificate: a certificate holds no private key.
func validateContent(of string, content []byte) (expiration time.Time, err error) {
	if expiration, err = lenientx509.NotAfter(content); err == nil {
		return expiration, nil
	}
	if kind := privatekey.Find(content); kind != "" {
		return time.Time{}, privateKeyError(of+" content", kind)
	}
	if bytes.HasPrefix(content, []byte("-----BEGIN")) {
		return time.Time{}, &InputError{Name: of + " content", Problem: "is PEM, not DER: codesign.Parse reads it"}
	}
	return time.Time{}, nil // content that is no certificate is for the service to judge
}

// validateTexts rejects a private key in a text field.
func validateTexts(of string, texts ...string) error {
	for _, text := range texts {
		if kind := privatekey.Find([]byte(text)); kind != "" {
			return privateKeyError(of+" text", kind)
		}
	}
	return nil
}

func privateKeyError(name, kind string) error {
	return &InputError{Name: name, Problem: "holds a private key (" + kind + "), which must not leave this machine: upload the certificate alone"}
}

// privateKeyInJSON returns which kind of private key a string in a JSON value holds, "" if none.
func privateKeyInJSON(value []byte) string {
	for {
		begin := bytes.IndexByte(value, '"')
		if begin < 0 {
			return ""
		}
		r := jsonscan.New(value[begin:])
		text, err := r.Value()
		if err != nil {
			return privatekey.Find(value[begin+1:])
		}
		var decoded string
		if err := jsonscan.DecodeString(text, &decoded); err != nil {
			return ""
		}
		if kind := privatekey.Find([]byte(decoded)); kind != "" {
			return kind
		}
		value = value[begin+len(text):]
	}
}
