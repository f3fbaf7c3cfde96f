package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/internal/dn"
)

// tenant is what a tenant holds of a certificate.
type tenant struct {
	Certificates int      `json:"certificates"` // how many there are, of all kinds
	Matches      []record `json:"matches"`
}

// record is one that is the certificate.
type record struct {
	ID             string                   `json:"id"`
	Status         intune.CertificateStatus `json:"status"`
	UploadDateTime time.Time                `json:"uploadDateTime"`
	MatchedBy      string                   `json:"matchedBy"`
}

const (
	byContent = "content"
	byNames   = "names"
)

// lookUp looks for a certificate among all that the tenant holds.
func lookUp(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, cert *intune.EnterpriseCodeSigningCertificate) (*tenant, error) {
	found := &tenant{Matches: []record{}}
	for held, err := range service.All(ctx, nil) {
		if err != nil {
			return nil, err
		}
		found.Certificates++
		if by := match(cert, held); by != "" {
			found.Matches = append(found.Matches, record{held.ID, held.Status, held.UploadDateTime.UTC(), by})
		}
	}
	return found, nil
}

// match recognises a certificate as Ensure does: by its content where the service shows it, else by names and expiration,
// which the service may write in another way. It returns "" for another one.
func match(cert, held *intune.EnterpriseCodeSigningCertificate) string {
	switch {
	case len(held.Content) > 0 && held.Thumbprint() == cert.Thumbprint():
		return byContent
	case len(held.Content) == 0 &&
		held.ExpirationDateTime.Unix() == cert.ExpirationDateTime.Unix() &&
		dn.Parse(cmp.Or(held.Subject, held.SubjectName)).Equal(dn.Parse(cert.Subject)) &&
		dn.Parse(cmp.Or(held.Issuer, held.IssuerName)).Equal(dn.Parse(cert.Issuer)):
		return byNames
	}
	return ""
}

func (t *tenant) print(out io.Writer) {
	fmt.Fprintln(out)
	if len(t.Matches) == 0 {
		fmt.Fprintf(out, "Not in the tenant, which holds %d certificates\n", t.Certificates)
	}
	for _, r := range t.Matches {
		how := r.MatchedBy
		if how == byNames {
			how = "subject, issuer and expiration, because the service does not show the content: it may be one for another key"
		}
		example.PrintFields(out, "In the tenant", [][2]string{
			{"id", r.ID},
			{"status", string(r.Status)},
			{"uploaded", example.Time(r.UploadDateTime)},
			{"recognised by", how},
		})
	}
}
