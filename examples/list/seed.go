package main

import (
	"context"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

// seed puts six certificates into the emulator, so that there is something to list.
func seed(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService) error {
	const day = 24 * time.Hour
	for _, s := range []struct {
		commonName string
		days       int // that are left
		status     intune.CertificateStatus
	}{
		{"Contoso Warehouse", 400, intune.CertificateStatusNotProvisioned},
		{"Contoso Warehouse", 20, intune.CertificateStatusProvisioned},
		{"Contoso Payroll", 45, intune.CertificateStatusProvisioned},
		{"Contoso Field Service", -5, intune.CertificateStatusProvisioned},
		{"Fabrikam Sideloading", 120, intune.CertificateStatusProvisioned},
		{"Fabrikam Kiosk", 50, intune.CertificateStatusNotProvisioned},
	} {
		expires := time.Now().Add(time.Duration(s.days)*day + time.Hour)
		made, err := example.MakeCertificate(s.commonName, expires.Add(-460*day), expires)
		if err != nil {
			return err
		}
		cert := intune.FromX509(made)
		cert.Status = s.status
		if _, err := service.Create(ctx, cert); err != nil {
			return err
		}
	}
	return nil
}
