package intune_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// slots is a limiter of one's own: no more than some writes at a time pass in each period. Module redisquota has one that
// several machines share.
type slots struct{ free chan struct{} }

// Wait returns when the request may be sent.
func (s slots) Wait(ctx context.Context, method string) error {
	if method == http.MethodGet {
		return nil
	}
	select {
	case <-s.free:
		time.AfterFunc(20*time.Second, func() { s.free <- struct{}{} })
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Replace the client's own quota.
func ExampleWithLimiter() {
	limiter := slots{make(chan struct{}, 50)}
	for range cap(limiter.free) {
		limiter.free <- struct{}{}
	}
	client, err := intune.NewClient(
		intune.ClientSecret("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", "the secret's value"),
		intune.WithLimiter(limiter))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	fmt.Println(limiter.Wait(context.Background(), http.MethodPost))
	// Output: <nil>
}
