// Package expiry says when a certificate is too old to upload.
package expiry

import (
	"crypto/x509"
	"time"
)

// Layout is how messages print times, which are in UTC.
const Layout = "2006-01-02 15:04:05 MST"

// Problem says that cert has expired and what to do about it, "" while it is valid. A certificate is valid up to and
// including its NotAfter (RFC 5280, section 4.1.2.5).
func Problem(cert *x509.Certificate, now time.Time) string {
	if !now.After(cert.NotAfter) {
		return ""
	}
	return "expired on " + cert.NotAfter.UTC().Format(Layout) + ": upload its successor"
}
