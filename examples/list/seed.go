package main

import (
	"context"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// seed puts six certificates into the emulator, so that there is something to list. They go without content, which the
// service would not show anyway, because Create refuses the content of one that has expired.
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
		name := "CN=" + s.commonName + ", O=Contoso Ltd, L=Redmond, S=Washington, C=US"
		if _, err := service.Create(ctx, &intune.EnterpriseCodeSigningCertificate{
			Status: s.status, Subject: name, Issuer: name,
			ExpirationDateTime: time.Now().Add(time.Duration(s.days)*day + time.Hour).Truncate(time.Second),
		}); err != nil {
			return err
		}
	}
	return nil
}
