package main

// This file writes results: for people, or as one JSON document for scripts.

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

// result is what a command has found or done.
type result interface {
	human(w *page)
	setError(f *failure)
}

// outcome is the part of a result that says what went wrong.
type outcome struct {
	Error *failure `json:"error,omitempty"`
}

func (o *outcome) setError(f *failure) { o.Error = f }

// show writes a result, and returns the error that came with it.
func (a *app) show(ctx context.Context, r result, err error) error {
	a.hasShown = true
	r.setError(explain(ctx, err))
	if a.isJSON() {
		a.showJSON(r)
		return err
	}
	r.human(&page{a.out, a.outStyle, widthOf(a.out.file)})
	return err
}

func (a *app) showJSON(document any) {
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		a.out.err = cmp.Or(a.out.err, err)
	}
}

// page is where people read results.
type page struct {
	io.Writer
	style

	width int // in columns, 0 if it has no limit
}

func (w *page) line(format string, args ...any) { write(w, format+"\n", args...) }

// field writes a name and a value. A long value continues below itself.
func (w *page) field(name, value string) {
	const column = 14
	if value == "" {
		return
	}
	for i, part := range wrap(plain(value), w.width-column) {
		if i > 0 {
			name = ""
		}
		w.line("%-*s%s", column, name, part)
	}
}

// record is a certificate of the tenant, by Graph's names.
type record struct {
	ID                 string                   `json:"id,omitempty"` // left out if a dry run would upload it
	Status             intune.CertificateStatus `json:"status"`
	Subject            string                   `json:"subject"`
	Issuer             string                   `json:"issuer"`
	ExpirationDateTime *time.Time               `json:"expirationDateTime"` // null if the service shows none
	UploadDateTime     *time.Time               `json:"uploadDateTime"`     // null if the service shows none
	DaysLeft           *int                     `json:"daysLeft"`           // until it expires; negative afterwards
	Thumbprint         string                   `json:"thumbprint,omitempty"`
	IsDeployed         *bool                    `json:"isDeployed,omitempty"` // the latest upload, which Intune deploys; left out if that is not known
	MatchedBy          intune.MatchedBy         `json:"matchedBy,omitempty"`
}

// newRecord takes the id of the certificate that Intune deploys, "" if it is not known.
func newRecord(cert *intune.EnterpriseCodeSigningCertificate, deployedID string) *record {
	if cert == nil {
		return nil
	}
	r := &record{
		ID: cert.ID, Status: cert.Status, Thumbprint: cert.Thumbprint(),
		Subject: cmp.Or(cert.Subject, cert.SubjectName), Issuer: cmp.Or(cert.Issuer, cert.IssuerName),
		ExpirationDateTime: shown(cert.ExpirationDateTime), UploadDateTime: shown(cert.UploadDateTime),
	}
	if deployedID != "" {
		isDeployed := cert.ID == deployedID
		r.IsDeployed = &isDeployed
	}
	if r.ExpirationDateTime != nil {
		left := daysUntil(cert.ExpirationDateTime)
		r.DaysLeft = &left
	}
	return r
}

func newRecords(certs []*intune.EnterpriseCodeSigningCertificate, deployedID string) []*record {
	records := make([]*record, len(certs))
	for i, cert := range certs {
		records[i] = newRecord(cert, deployedID)
	}
	return records
}

// shown returns nil for a date that the service does not know, which it may write as one long ago.
func shown(date time.Time) *time.Time {
	if date.Year() < 2000 {
		return nil
	}
	utc := date.UTC()
	return &utc
}

// daysUntil returns the whole days until t, negative afterwards. It counts in seconds, because a time.Duration ends at 292
// years.
func daysUntil(t time.Time) int {
	now := time.Now()
	left := float64(t.Unix()-now.Unix()) + float64(t.Nanosecond()-now.Nanosecond())/float64(time.Second)
	return int(math.Floor(left / day.Seconds()))
}

func (r *record) isDeployed() bool { return r.IsDeployed != nil && *r.IsDeployed }

// human writes all that is known of a record.
func (r *record) human(w *page) {
	id := r.ID
	if r.isDeployed() {
		id += " (deployed by Intune)"
	}
	w.field("id", id)
	w.field("subject", r.Subject)
	w.field("issuer", r.Issuer)
	w.field("status", string(r.Status))
	w.field("expires", r.expires())
	if r.UploadDateTime != nil {
		w.field("uploaded", r.UploadDateTime.Format(time.RFC3339))
	}
	w.field("thumbprint", r.Thumbprint)
	w.field("matched by", string(r.MatchedBy))
}

func (r *record) expires() string {
	if r.ExpirationDateTime == nil {
		return "unknown"
	}
	return r.ExpirationDateTime.Format(time.DateOnly) + " (" + inDays(*r.DaysLeft) + ")"
}

func inDays(days int) string {
	switch {
	case days < 0:
		return "expired"
	case days == 1:
		return "in 1 day"
	}
	return fmt.Sprintf("in %d days", days)
}

// coloured marks what is urgent.
func (w *page) coloured(text string, daysLeft *int) string {
	const soon = 30
	switch {
	case daysLeft == nil || *daysLeft >= soon:
		return text
	case *daysLeft < 0:
		return w.red(text)
	}
	return w.yellow(text)
}

// findings writes what is remarkable about a certificate.
func (w *page) findings(findings []codesign.Finding) {
	for _, finding := range findings {
		text := plain(finding.String())
		switch finding.Severity {
		case codesign.SeverityFatal:
			text = w.red(text)
		case codesign.SeverityWarning:
			text = w.yellow(text)
		case codesign.SeverityInfo:
		}
		w.line("%s", text)
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
