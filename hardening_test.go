package intune_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// TestCredentialThatIgnoresItsContextIsAskedOnce: callers that leave do not pile up calls of it.
func TestCredentialThatIgnoresItsContextIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		cred := credential(func(context.Context, intune.TokenRequest) (*oauth2.Token, error) {
			asked.Add(1)
			time.Sleep(time.Hour)
			return &oauth2.Token{AccessToken: aToken}, nil
		})
		client := new(service).client(t, cred)
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := get(ctx, client); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
			synctest.Wait()
		}
		if err := get(t.Context(), client); err != nil || asked.Load() != 1 {
			t.Errorf("%v after %d calls of the credential", err, asked.Load())
		}
	})
}

func TestEnvironmentSecretWithALineBreakIsToldAtOnce(t *testing.T) {
	t.Setenv("AZURE_TENANT_ID", tenant)
	t.Setenv("AZURE_CLIENT_ID", app)
	t.Setenv("AZURE_CLIENT_SECRET", aSecret+"\n")
	_, err := intune.EnvironmentCredential()
	errorAs[*intune.InputError](t, err)
}
