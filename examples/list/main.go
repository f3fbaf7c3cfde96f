// List prints the certificates of a tenant, soonest expiry first, and marks the one that Intune deploys. It reads your
// tenant if AZURE_TENANT_ID is set, otherwise an emulator with three certificates.
package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"log"
	"os"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func main() {
	ctx := context.Background()
	service := connect(ctx).EnterpriseCodeSigningCertificates()
	latest := must(service.Latest(ctx)) // the error for an empty tenant is intune.ErrNotFound

	options := &intune.ListOptions{OrderBy: []intune.Order{intune.PropertyExpirationDateTime.Ascending()}}
	for cert, err := range service.All(ctx, options) {
		if err != nil {
			log.Fatal(err)
		}
		mark := ""
		if cert.ID == latest.ID {
			mark = "deployed by Intune"
		}
		fmt.Printf("%s  %s  %-14s  %s  %s\n", cert.ID, cert.ExpirationDateTime.Format(time.DateOnly), cert.Status, cert.Subject, mark)
	}
}

func connect(ctx context.Context) *intune.Client {
	if os.Getenv("AZURE_TENANT_ID") != "" {
		return must(intune.NewClient(must(intune.EnvironmentCredential())))
	}
	client := must(intunetest.Start()).Client()
	for _, days := range []int{20, 200, 400} {
		cert := intunetest.NewCertificate("Contoso", func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, days) })
		must(client.EnterpriseCodeSigningCertificates().Create(ctx, intune.FromX509(cert)))
	}
	return client
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
