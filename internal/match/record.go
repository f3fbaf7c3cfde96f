// Package match tells which records of a tenant are a certificate, and which one is the record of a certain create. It
// compares what the service shows, and knows nothing of requests. docs/exactly-once.md has its rules.
package match

import (
	"crypto/x509"
	"errors"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/dn"
	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
)

// Record is what the rules look at, of a record of the tenant or of a certificate. A zero field is not known.
type Record struct {
	Content                                  []byte // DER
	Subject, SubjectName, Issuer, IssuerName string
	Expires, Uploaded                        time.Time
}

var errNoContent = errors.New("no content")

// x509 parses the content.
func (r *Record) x509() (*x509.Certificate, error) {
	if len(r.Content) == 0 {
		return nil, errNoContent
	}
	return lenientx509.Parse(r.Content)
}

// namesOf returns the names of a certificate as Windows writes them.
func namesOf(cert *x509.Certificate) *Record {
	subject, _ := dn.Windows(cert.RawSubject) // "" if it cannot be read
	issuer, _ := dn.Windows(cert.RawIssuer)
	return &Record{Subject: subject, Issuer: issuer, Expires: cert.NotAfter}
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

// By says how a record was recognised.
type By string

// The values of By.
const (
	ByContent    By = "content"
	ByUploadDate By = "uploadDateTime"
	ByNames      By = "names"
)
