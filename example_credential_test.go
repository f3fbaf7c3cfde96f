package intune_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// broker is a credential of one's own: a service inside the company that hands out tokens.
type broker struct{ address string }

// Token is called only when the client needs a new token. req says for what: the scope, and perhaps a claims challenge.
func (b broker) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: "a token for " + req.Scope, Expiry: time.Now().Add(time.Hour)}, nil
}

// Write a credential.
func ExampleCredential() {
	client, err := intune.NewClient(broker{"https://tokens.contoso.com"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()

	token, err := broker{}.Token(context.Background(), intune.TokenRequest{Scope: "https://graph.microsoft.com/.default"})
	fmt.Println(token.AccessToken, err)
	// Output: a token for https://graph.microsoft.com/.default <nil>
}
