package main

// This file shows certificates of the tenant.

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/internal/match"
)

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
		r.IsDeployed = new(cert.ID == deployedID)
	}
	if r.ExpirationDateTime != nil {
		r.DaysLeft = new(daysUntil(cert.ExpirationDateTime))
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

// shown returns nil for a date that the service does not know.
func shown(date time.Time) *time.Time {
	if !match.IsShown(date) {
		return nil
	}
	return new(date.UTC())
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
func (r *record) human(out *console.Writer) {
	id := r.ID
	if r.isDeployed() {
		id += " (deployed by Intune)"
	}
	field(out, "id", id)
	field(out, "subject", r.Subject)
	field(out, "issuer", r.Issuer)
	field(out, "status", string(r.Status))
	styledField(out, urgency(r.DaysLeft), "expires", r.expires())
	if r.UploadDateTime != nil {
		field(out, "uploaded", formatTime(*r.UploadDateTime))
	}
	field(out, "thumbprint", r.Thumbprint)
	field(out, "recognized", recognizedBy(r.MatchedBy))
}

// recognizedBy says how a record was recognized as the certificate of a file.
func recognizedBy(matchedBy intune.MatchedBy) string {
	return map[intune.MatchedBy]string{
		intune.MatchedByContent:        "by its content",
		intune.MatchedByUploadDateTime: "by its upload date",
		intune.MatchedByNames:          "by names and dates: the service does not show the content",
	}[matchedBy]
}

func (r *record) expires() string {
	if r.ExpirationDateTime == nil {
		return "unknown"
	}
	return formatTime(*r.ExpirationDateTime) + " (" + inDays(*r.DaysLeft) + ")"
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

// printRecords writes each record as a block of lines.
func printRecords(out *console.Writer, records []*record) {
	for i, r := range records {
		if i > 0 {
			out.Printf("\n")
		}
		r.human(out)
	}
}

// rows are records for CSV, with the names and the values that JSON has.
func rows(records []*record) [][]string {
	names := []string{"id", "status", "subject", "issuer", "expirationDateTime", "uploadDateTime", "daysLeft", "thumbprint", "isDeployed", "matchedBy"}
	rows := [][]string{names}
	for _, r := range records {
		var values map[string]any
		document, _ := json.Marshal(r)
		_ = json.Unmarshal(document, &values)
		row := make([]string, len(names))
		for i, name := range names {
			if values[name] != nil {
				row[i] = fmt.Sprint(values[name])
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// urgency is the style of what expires soon.
func urgency(daysLeft *int) console.Style {
	const soon = 30
	switch {
	case daysLeft == nil || *daysLeft >= soon:
		return console.Plain
	case *daysLeft < 0:
		return console.Red
	}
	return console.Yellow
}
