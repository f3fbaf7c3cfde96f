// Bulk uploads many certificates, several at a time, each exactly once. "bulk FILE..." uploads files: to your tenant if
// AZURE_TENANT_ID is set, otherwise to an emulator. Without files, the emulator gets twenty throwaway certificates.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var certs []*intune.EnterpriseCodeSigningCertificate
	for _, path := range os.Args[1:] {
		certs = append(certs, must(codesign.Load(path)).Resource())
	}
	var client *intune.Client
	switch isReal := os.Getenv("AZURE_TENANT_ID") != ""; {
	case isReal && len(certs) == 0:
		log.Fatal("usage: bulk FILE...")
	case isReal:
		client = must(intune.NewClient(must(intune.EnvironmentCredential())))
	default:
		client = must(intunetest.Start()).Client()
		for len(certs) < 20 && len(os.Args) == 1 {
			certs = append(certs, intune.FromX509(intunetest.NewCertificate("")))
		}
	}

	failed := 0
	options := &intune.CreateAllOptions{SkipExisting: true} // a second run uploads what is missing
	for i, result := range client.EnterpriseCodeSigningCertificates().CreateAll(ctx, slices.Values(certs), options) {
		if result.Err != nil {
			failed++
			fmt.Printf("%3d  %s: %v\n", i, certs[i].Subject, result.Err)
			continue
		}
		fmt.Printf("%3d  %s: %s, uploaded by this run: %t\n", i, certs[i].Subject, result.Certificate.ID, result.Created)
	}
	if failed > 0 {
		log.Fatal(failed, " failed")
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
