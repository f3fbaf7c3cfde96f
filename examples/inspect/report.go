package main

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

// report is what -json prints.
type report struct {
	File               string             `json:"file,omitempty"`
	Format             string             `json:"format"`
	Subject            string             `json:"subject"`
	Issuer             string             `json:"issuer"`
	SerialNumber       string             `json:"serialNumber"` // in hexadecimal
	NotBefore          time.Time          `json:"notBefore"`
	NotAfter           time.Time          `json:"notAfter"`
	Key                string             `json:"key"`
	SignatureAlgorithm string             `json:"signatureAlgorithm"`
	Thumbprint         string             `json:"thumbprint"` // SHA-1
	SHA256             string             `json:"sha256"`
	Chain              []link             `json:"chain"`
	Findings           []codesign.Finding `json:"findings"`
	Tenant             *tenant            `json:"tenant,omitempty"` // with -check
}

// link is another certificate of the file.
type link struct {
	Subject    string    `json:"subject"`
	NotAfter   time.Time `json:"notAfter"`
	Thumbprint string    `json:"thumbprint"`
}

// describe says what there is to say about a certificate at a time.
func describe(file string, cert *codesign.Certificate, now time.Time) *report {
	leaf, upload := cert.Leaf, cert.Resource()
	r := &report{
		File:    file,
		Format:  string(cert.Format),
		Subject: upload.Subject, Issuer: upload.Issuer,
		SerialNumber: fmt.Sprintf("%X", leaf.SerialNumber.Bytes()),
		NotBefore:    leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
		Key:                key(leaf),
		SignatureAlgorithm: leaf.SignatureAlgorithm.String(),
		Thumbprint:         cert.Thumbprint(),
		SHA256:             fmt.Sprintf("%X", sha256.Sum256(leaf.Raw)),
		Chain:              []link{},
		Findings:           append([]codesign.Finding{}, cert.Check(now)...),
	}
	for _, other := range cert.Chain {
		resource := intune.FromX509(other)
		r.Chain = append(r.Chain, link{resource.Subject, other.NotAfter.UTC(), resource.Thumbprint()})
	}
	return r
}

// key says what kind of key it is, and how long.
func key(cert *x509.Certificate) string {
	switch public := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA, %d bits", public.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA, " + public.Params().Name
	}
	return cert.PublicKeyAlgorithm.String()
}

// refusal is why the certificate cannot be uploaded, nil where it can.
func (r *report) refusal() error {
	for _, f := range r.Findings {
		if f.Severity == codesign.SeverityFatal {
			return errors.New(f.Message)
		}
	}
	return nil
}

func (r *report) print(out io.Writer) {
	title := "Certificate"
	if r.File != "" {
		title += " of " + r.File
	}
	example.PrintFields(out, title, [][2]string{
		{"format", r.Format},
		{"subject", r.Subject},
		{"issuer", r.Issuer},
		{"serial number", r.SerialNumber},
		{"valid from", example.Time(r.NotBefore)},
		{"valid until", example.Time(r.NotAfter)},
		{"key", r.Key},
		{"signed with", r.SignatureAlgorithm},
		{"thumbprint", r.Thumbprint},
		{"SHA-256", r.SHA256},
	})
	if len(r.Chain) > 0 {
		fmt.Fprintln(out, "\nChain")
	}
	for _, c := range r.Chain {
		fmt.Fprintf(out, "  %s\n    thumbprint %s, valid until %s\n", example.Printable(c.Subject), c.Thumbprint, example.Time(c.NotAfter))
	}
	fmt.Fprintln(out, "\nFindings")
	for _, f := range r.Findings {
		fmt.Fprintf(out, "  %v\n", f)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(out, "  none")
	}
}
