// Rotate makes a certificate the one that the tenant uses, and deletes the one that it replaces. "rotate FILE" does so in
// your tenant if AZURE_TENANT_ID is set. Otherwise it replaces last year's certificate in an emulator.
package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"log"
	"os"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	options := &intune.RotateOptions{
		WaitProvisioned: 30 * time.Minute,
		DeleteOld:       true,
		Overlap:         30 * 24 * time.Hour, // time to sign the apps again and to reach all devices
	}
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	var client *intune.Client
	switch isReal := os.Getenv("AZURE_TENANT_ID") != ""; {
	case isReal && len(os.Args) < 2:
		log.Fatal("usage: rotate FILE")
	case isReal:
		file := must(codesign.Load(os.Args[1]))
		for _, finding := range file.Check(time.Now()) {
			fmt.Println("finding:    ", finding)
		}
		client, cert = must(intune.NewClient(must(intune.EnvironmentCredential()))), file.Resource()
	default:
		client = must(intunetest.Start()).Client()
		old := intunetest.NewCertificate("Contoso", func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, 20) })
		fmt.Println("last year's:", must(client.EnterpriseCodeSigningCertificates().Create(ctx, intune.FromX509(old))).ID)
		options.Overlap = 0
	}

	rotation := must(client.EnterpriseCodeSigningCertificates().Rotate(ctx, cert, options))
	fmt.Println("this year's:", rotation.Certificate.ID)
	fmt.Println("deleted:    ", rotation.Deleted)
	if len(rotation.Pending) > 0 {
		fmt.Println("pending:    ", rotation.Pending, "until", rotation.PendingUntil.Format(time.DateOnly))
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
