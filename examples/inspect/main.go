// Inspect shows which certificate a file holds, what is wrong with it, and whether the tenant has it. "inspect FILE" asks
// your tenant if AZURE_TENANT_ID is set, otherwise an emulator. CERTIFICATE_PASSWORD is the password of a .pfx file.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func main() {
	ctx := context.Background()
	var cert *codesign.Certificate
	if len(os.Args) > 1 {
		cert = must(codesign.Load(os.Args[1], codesign.WithPassword(os.Getenv("CERTIFICATE_PASSWORD"))))
	} else {
		cert = must(codesign.Parse(intunetest.NewCertificate("Contoso").Raw))
	}
	resource := cert.Resource()
	fmt.Println("format:    ", cert.Format)
	fmt.Println("subject:   ", resource.Subject)
	fmt.Println("issuer:    ", resource.Issuer)
	fmt.Println("valid:     ", cert.Leaf.NotBefore, "to", cert.Leaf.NotAfter)
	fmt.Println("thumbprint:", cert.Thumbprint())
	for _, issuer := range cert.Chain {
		fmt.Println("chain:     ", issuer.Subject)
	}
	for _, finding := range cert.Check(time.Now()) {
		fmt.Println("finding:   ", finding)
	}

	var client *intune.Client
	if os.Getenv("AZURE_TENANT_ID") != "" {
		client = must(intune.NewClient(must(intune.EnvironmentCredential())))
	} else {
		client = must(intunetest.Start()).Client()
	}
	matches := must(client.EnterpriseCodeSigningCertificates().Find(ctx, resource))
	for _, match := range matches {
		fmt.Printf("in tenant:  %s, %s, recognized by %s\n", match.Certificate.ID, match.Certificate.Status, match.By)
	}
	if len(matches) == 0 {
		fmt.Println("in tenant:  no")
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
