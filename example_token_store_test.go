package intune_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// tokenStore keeps refresh tokens. A refresh token is a secret, so a program uses the key ring of the operating system.
type tokenStore struct{ tokens sync.Map }

func (s *tokenStore) LoadToken(_ context.Context, key string) (string, error) {
	token, found := s.tokens.Load(key)
	if !found {
		return "", nil
	}
	return token.(string), nil
}

func (s *tokenStore) SaveToken(_ context.Context, key, refreshToken string) {
	s.tokens.Store(key, refreshToken)
}

// Sign a person in once, for all runs of a program.
func ExampleWithTokenStore() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	store := new(tokenStore)
	prompt := func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
		fmt.Println("prompted")
		return server.ApproveDevice(device.UserCode)
	}
	for run := range 2 {
		cred := intune.DeviceCode(intunetest.TenantID, intunetest.ClientID, prompt, intune.WithTokenStore(store))
		client, err := intune.NewClient(cred, intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()))
		if err != nil {
			log.Fatal(err)
		}
		n, err := client.EnterpriseCodeSigningCertificates().Count(context.Background(), intune.Filter{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("run", run+1, "sees", n)
	}
	// Output:
	// prompted
	// run 1 sees 0
	// run 2 sees 0
}
