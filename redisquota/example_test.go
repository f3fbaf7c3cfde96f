package redisquota_test

import (
	"context"
	"fmt"
	"log"

	"github.com/redis/go-redis/v9"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
	"github.com/seed-230b9595/intune-go/redisquota"
)

// With the fallback, a program continues while Redis is down. This program continues although Redis was never up.
func ExampleNew() {
	server, err := intunetest.Start() // instead of Microsoft Intune
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	client := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer func() { _ = client.Close() }()
	limiter, err := redisquota.New(client, intunetest.TenantID+"/"+intunetest.ClientID, redisquota.WithFallback(8))
	if err != nil {
		log.Fatal(err)
	}
	graph, err := intune.NewClient(intune.ClientSecretCredential(intunetest.TenantID, intunetest.ClientID, intunetest.ClientSecret),
		intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()), intune.WithLimiter(limiter))
	if err != nil {
		log.Fatal(err)
	}
	cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}
	created, err := graph.EnterpriseCodeSigningCertificates().Create(context.Background(), cert)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Subject)
	// Output: CN=Contoso
}
