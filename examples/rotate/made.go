package main

import (
	"context"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

// makePair uploads a certificate that expires in 20 days, and returns one for another key, with the same names and dates.
// Nothing but the time of its upload tells the old one then, because the service does not return its content.
func makePair(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService) (renewed *intune.EnterpriseCodeSigningCertificate, err error) {
	expires := time.Now().AddDate(0, 0, 20)
	build := func() (*intune.EnterpriseCodeSigningCertificate, error) {
		cert, err := example.MakeCertificate("intune-go example (safe to delete)", expires.AddDate(-1, 0, 0), expires)
		if err != nil {
			return nil, err
		}
		made := intune.FromX509(cert)
		made.Status = intune.CertificateStatusProvisioned
		return made, nil
	}
	old, err := build()
	if err != nil {
		return nil, err
	}
	if _, err := service.Create(ctx, old); err != nil {
		return nil, err
	}
	return build()
}
