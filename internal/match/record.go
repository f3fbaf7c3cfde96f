// Package match tells which records of a tenant are a certificate, which one is the record of a certain create, and which
// record is the latest upload. It compares what the service shows, and knows nothing of requests. docs/exactly-once.md and
// docs/rotation.md have its rules.
package match

import (
	"crypto/sha256"
	"crypto/x509"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/dn"
	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
)

// Record is what the rules look at, of a record of the tenant or of a certificate. A zero field is not known.
type Record struct {
	ID                                       string
	Content                                  []byte // DER
	Subject, SubjectName, Issuer, IssuerName string
	Expires, Uploaded                        time.Time
	IsProvisioned                            bool
	Remembered                               Digest // of the content that this client has uploaded under the id
}

// Digest stands for the content of a certificate. The zero Digest stands for none.
type Digest [sha256.Size]byte

// DigestOf returns the digest of content.
func DigestOf(content []byte) Digest {
	if len(content) == 0 {
		return Digest{}
	}
	return sha256.Sum256(content)
}

func (r *Record) x509() (*x509.Certificate, error) { return lenientx509.Parse(r.Content) }

// NamesOf returns the names and the expiration of a certificate, as Windows writes them.
func NamesOf(cert *x509.Certificate) *Record {
	subject, _ := dn.Windows(cert.RawSubject) // "" if it cannot be read; the service then reads it from the content itself
	issuer, _ := dn.Windows(cert.RawIssuer)
	return &Record{Subject: subject, Issuer: issuer, Expires: cert.NotAfter}
}

// ShownSubject returns the subject that the record shows.
func (r *Record) ShownSubject() string { return fuller(r.Subject, r.SubjectName) }

func (r *Record) subject() dn.Name { return dn.Parse(r.ShownSubject()) }
func (r *Record) issuer() dn.Name  { return dn.Parse(fuller(r.Issuer, r.IssuerName)) }

// fuller returns the distinguished name with more attributes or, if neither text is one, the first that is not empty.
func fuller(text, other string) string {
	if text == other {
		return text
	}
	if name := dn.Parse(text); name.IsZero() || dn.Parse(other).Len() > name.Len() {
		return other
	}
	return text
}

// IsShown reports whether a date says anything. Services show a date that is not set as the year 1, among others.
func IsShown(date time.Time) bool { return date.UTC().Year() >= 2000 }

// Expiration returns when a record expires: by its content, if it shows that.
func (r *Record) Expiration() time.Time {
	if content, err := r.x509(); err == nil {
		return content.NotAfter
	}
	return r.Expires
}

// Verdict says whether a record is the wanted one.
type Verdict int

// The verdicts.
const (
	CannotTell Verdict = iota
	Ours
	NotOurs
)

// By says how a record was recognized.
type By string

// The values of By.
const (
	ByContent    By = "content"
	ByUploadDate By = "uploadDateTime"
	ByNames      By = "names"
)
