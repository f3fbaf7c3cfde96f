// Multitenant deploys a certificate in every tenant. "multitenant FILE TENANT..." signs in to each tenant with
// AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a multitenant application. Without arguments it has an emulator for each.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func main() {
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	tenants, connect := []string{"contoso.com", "fabrikam.com"}, connectEmulator
	if len(os.Args) > 2 {
		file, err := codesign.Load(os.Args[1])
		if err != nil {
			log.Fatal(err)
		}
		cert, tenants, connect = file.Resource(), os.Args[2:], connectTenant
	} else if os.Getenv("AZURE_TENANT_ID") != "" || len(os.Args) == 2 {
		log.Fatal("usage: multitenant FILE TENANT...")
	}
	var tasks sync.WaitGroup
	for _, tenant := range tenants {
		tasks.Go(func() { fmt.Printf("%s: %s\n", tenant, rotate(tenant, connect, cert)) })
	}
	tasks.Wait()
}

func rotate(tenant string, connect func(string) (*intune.Client, error), cert *intune.EnterpriseCodeSigningCertificate) string {
	client, err := connect(tenant) // one client for each tenant, with a quota of its own
	if err != nil {
		return err.Error()
	}
	rotation, err := client.EnterpriseCodeSigningCertificates().Rotate(context.Background(), cert, nil)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s, uploaded by this run: %t", rotation.Certificate.ID, rotation.Created)
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
