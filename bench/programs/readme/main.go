// Readme uploads a certificate by hand, for a comparison of its size with that of the README's program.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/seed-230b9595/intune-go/bench/internal/byhand"
)

func main() {
	data, err := os.ReadFile("contoso.cer") // DER
	check(err)
	client := &byhand.Client{
		HTTP:         byhand.NewHTTPClient(),
		GraphURL:     "https://graph.microsoft.com",
		AuthorityURL: "https://login.microsoftonline.com",
		TenantID:     os.Getenv("AZURE_TENANT_ID"), ClientID: os.Getenv("AZURE_CLIENT_ID"), Secret: os.Getenv("AZURE_CLIENT_SECRET"),
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	created, err := client.Create(ctx, data)
	check(err)
	fmt.Println(created.ID, created.Subject, created.ExpirationDateTime)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
