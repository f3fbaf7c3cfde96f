// Package expiry says when a certificate is too old to upload.
package expiry

import (
	"crypto/x509"
	"time"

	"github.com/seed-230b9595/intune-go/internal/der"
)

// Layout is how messages print times, which are in UTC.
const Layout = "2006-01-02 15:04:05 MST"

// Problem says that cert has expired, and when, "" while it is valid. A certificate is valid up to and including its
// NotAfter (RFC 5280, section 4.1.2.5).
func Problem(cert *x509.Certificate, now time.Time) string {
	if !now.After(cert.NotAfter) {
		return ""
	}
	return "expired on " + cert.NotAfter.UTC().Format(Layout)
}

// MayBeOver says whether data could be a certificate that has expired, as far as can be told without parsing all of it,
// which is a lot of work for what nearly never is so.
func MayBeOver(data []byte, now time.Time) bool {
	certificate, _, _ := der.Next(data)
	toBeSigned, _, _ := der.Next(certificate.Body)
	for rest := toBeSigned.Body; ; {
		value, behind, ok := der.Next(rest)
		if !ok {
			return false // no certificate
		}
		if notAfter, isValidity := endOf(value); isValidity {
			return now.After(notAfter)
		}
		rest = behind
	}
}

// endOf reads the later time of a validity, a SEQUENCE of two. No other member of a certificate begins with a time.
func endOf(value der.Value) (notAfter time.Time, isValidity bool) {
	first, rest, _ := der.Next(value.Body)
	second, _, _ := der.Next(rest)
	_, beginsWithTime := parseTime(first)
	notAfter, endsWithTime := parseTime(second)
	return notAfter, value.Tag == der.Sequence && beginsWithTime && endsWithTime
}

// parseTime reads a UTCTime or a GeneralizedTime of the one form that RFC 5280 allows; of any other, the time is zero.
func parseTime(value der.Value) (t time.Time, isTime bool) {
	const utcTime, generalizedTime = 0x17, 0x18
	switch value.Tag {
	case utcTime:
		t, _ = time.Parse("060102150405Z", string(value.Body))
	case generalizedTime:
		t, _ = time.Parse("20060102150405Z", string(value.Body))
	default:
		return time.Time{}, false
	}
	return t, true
}
