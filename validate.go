package intune

// This file says what must not be uploaded: private keys wherever they stand, and certificates that have expired.

import (
	"bytes"
	"crypto/x509"
	"net/url"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/expiry"
	"github.com/seed-230b9595/intune-go/internal/privatekey"
)

// validate says what must not be uploaded.
func validate(cert *EnterpriseCodeSigningCertificate) error {
	bad := func(problem string) error { return &InputError{Name: "certificate", Problem: problem} }
	if cert == nil {
		return bad("is nil")
	}
	if len(cert.Content) == 0 && cert.Subject == "" && cert.SubjectName == "" {
		return bad("has neither content nor subject")
	}
	if err := validateContent("certificate", cert.Content); err != nil {
		return err
	}
	for _, name := range []string{cert.Subject, cert.SubjectName, cert.Issuer, cert.IssuerName} {
		if err := validateName("certificate", name); err != nil {
			return err
		}
	}
	for name, value := range cert.AdditionalData {
		if kind := privateKeyInJSON(value); kind != "" {
			return privateKeyError("certificate property "+name, kind)
		}
	}
	if expiry.MayBeOver(cert.Content, time.Now()) {
		if parsed, err := x509.ParseCertificate(cert.Content); err == nil {
			if problem := expiry.Problem(parsed, time.Now()); problem != "" {
				return bad(problem + ": upload its successor")
			}
		}
	}
	return nil
}

// validateContent says what must not be uploaded as the content of the named input.
func validateContent(name string, content []byte) error {
	if kind := privatekey.Find(content); kind != "" {
		return privateKeyError(name+" content", kind)
	}
	if bytes.HasPrefix(content, []byte("-----BEGIN")) {
		return &InputError{Name: name + " content", Problem: "is PEM, not DER: codesign.Parse reads it"}
	}
	return nil
}

// validateName keeps out a key that stands where a name should.
func validateName(of, name string) error {
	if kind := privatekey.Find([]byte(name)); kind != "" {
		return privateKeyError(of+" name", kind)
	}
	return nil
}

func privateKeyError(name, kind string) error {
	return &InputError{Name: name, Problem: "holds a private key (" + kind + "), which must not leave this machine: upload the certificate alone"}
}

// concernsCertificates says whether a request is for the code-signing certificates, or a batch in which one is. Graph
// compares paths without case.
func concernsCertificates(path string, body []byte) bool {
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	const collection = "enterprisecodesigningcertificate"
	return strings.Contains(strings.ToLower(path), collection) || bytes.Contains(bytes.ToLower(body), []byte(collection))
}

// privateKeyInJSON says which kind of private key any of the strings in JSON holds, "" if none.
func privateKeyInJSON(data []byte) string {
	for {
		begin := bytes.IndexByte(data, '"')
		if begin < 0 {
			return ""
		}
		r := jsonReader{data: data, at: begin}
		text, err := r.value()
		if err != nil {
			return privatekey.Find(data[begin+1:])
		}
		if kind := privatekey.Find(unquoted(text[1 : len(text)-1])); kind != "" {
			return kind
		}
		data = data[r.at:]
	}
}
