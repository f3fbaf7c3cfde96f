// Multitenant rotates one certificate in many tenants. "multitenant FILE TENANT..." signs in to each tenant with
// AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a multitenant application. Without arguments, each of two tenants is an
// emulator. The exit code is 1 if a tenant failed; run the program again to retry.
package main

import (
	"context"
	"log"
	"os"
	"sync"
	"sync/atomic"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	workers = 8                // tenants at a time
	timeout = 10 * time.Minute // for one tenant, the search after a lost response included
)

func main() {
	tenants, cert, connect := []string{"contoso.com", "fabrikam.com"}, intune.FromX509(intunetest.NewCertificate("Contoso")), connectEmulator
	if len(os.Args) > 2 {
		tenants, cert, connect = os.Args[2:], must(codesign.Load(os.Args[1])).Resource(), connectTenant
	} else if os.Getenv("AZURE_TENANT_ID") != "" || len(os.Args) == 2 {
		log.Fatal("usage: multitenant FILE TENANT...")
	}
	var group sync.WaitGroup
	var done, failed atomic.Int32
	free := make(chan struct{}, workers)
	for _, tenant := range tenants {
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			rotation, err := rotate(tenant, connect, cert)
			if err != nil {
				failed.Add(1)
				log.Printf("%d of %d: %s failed: %v", done.Add(1), len(tenants), tenant, err)
				return
			}
			log.Printf("%d of %d: %s has %s, uploaded by this run: %t", done.Add(1), len(tenants), tenant, rotation.Certificate.ID, rotation.Created)
		})
	}
	if group.Wait(); failed.Load() > 0 {
		log.Fatalf("%d of %d tenants failed", failed.Load(), len(tenants))
	}
}

// rotate uses a client of its own for each tenant, because tokens and quotas are per tenant.
func rotate(tenant string, connect func(string) (*intune.Client, error), cert *intune.EnterpriseCodeSigningCertificate) (*intune.Rotation, error) {
	client, err := connect(tenant)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return client.EnterpriseCodeSigningCertificates().Rotate(ctx, cert, nil)
}

func connectTenant(tenant string) (*intune.Client, error) {
	return intune.NewClient(intune.ClientSecretCredential(tenant, os.Getenv("AZURE_CLIENT_ID"), os.Getenv("AZURE_CLIENT_SECRET")))
}

func connectEmulator(string) (*intune.Client, error) { return must(intunetest.Start()).Client(), nil }

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
