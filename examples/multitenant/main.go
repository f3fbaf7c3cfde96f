// Multitenant rotates one certificate in many tenants. "multitenant FILE TENANT..." signs in to each tenant with
// AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a multitenant application. Without arguments, each of two tenants is an
// emulator. The exit code is 1 if a tenant failed; run the program again to retry.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"
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
	cert, tenants, connect := intune.FromX509(intunetest.NewCertificate("Contoso")), []string{"contoso.com", "fabrikam.com"}, connectEmulator
	if len(os.Args) > 2 {
		file, err := codesign.Load(os.Args[1])
		if err != nil {
			log.Fatal(err)
		}
		cert, tenants, connect = file.Resource(), os.Args[2:], connectTenant
	} else if os.Getenv("AZURE_TENANT_ID") != "" || len(os.Args) == 2 {
		log.Fatal("usage: multitenant FILE TENANT...")
	}

	failed := 0
	for result := range rotateAll(cert, tenants, connect) {
		if result.err != nil {
			failed++
		}
		fmt.Printf("%s: %s\n", result.tenant, result)
	}
	if failed > 0 {
		log.Fatalf("%d of %d tenants failed", failed, len(tenants))
	}
}

type result struct {
	tenant   string
	rotation *intune.Rotation
	err      error
}

func (r result) String() string {
	if r.err != nil {
		return r.err.Error()
	}
	return fmt.Sprintf("%s, uploaded by this run: %t", r.rotation.Certificate.ID, r.rotation.Created)
}

// rotateAll sends a result for each tenant as soon as it is known.
func rotateAll(cert *intune.EnterpriseCodeSigningCertificate, tenants []string, connect func(string) (*intune.Client, error)) <-chan result {
	todo, results := make(chan string, len(tenants)), make(chan result)
	for _, tenant := range tenants {
		todo <- tenant
	}
	close(todo)
	var group sync.WaitGroup
	for range min(workers, len(tenants)) {
		group.Go(func() {
			for tenant := range todo {
				rotation, err := rotate(tenant, connect, cert)
				results <- result{tenant, rotation, err}
			}
		})
	}
	go func() {
		group.Wait()
		close(results)
	}()
	return results
}

// rotate uses a client for each tenant, because tokens and quotas are per tenant.
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

func connectEmulator(string) (*intune.Client, error) {
	server, err := intunetest.Start()
	if err != nil {
		return nil, err
	}
	return server.Client(), nil
}
