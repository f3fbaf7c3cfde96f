package intune_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestColdStartOfManyAsksForOneToken(t *testing.T) {
	server := intunetest.NewServer(t)
	client := server.Client()
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() {
			if _, err := create(client); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	tokens := 0
	for _, req := range server.Requests() {
		if strings.HasSuffix(req.URL, "/token") {
			tokens++
		}
	}
	if stored := len(server.Certificates()); tokens != 1 || stored != 100 {
		t.Errorf("%d token requests for %d certificates", tokens, stored)
	}
}

func TestExpiredTokenIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()), intunetest.WithTokenLifetime(time.Minute))
		client := server.Client()
		for range 10 {
			if _, err := create(client); err != nil {
				t.Fatal(err)
			}
			time.Sleep(45 * time.Second)
		}
	})
}

func TestRevokedTokenIsReplacedOnce(t *testing.T) {
	server := intunetest.NewServer(t)
	server.Inject(intunetest.Fault{Status: http.StatusUnauthorized})
	var meta intune.Response
	if _, err := create(server.Client(), intune.WithResponse(&meta)); err != nil || meta.Attempts != 2 {
		t.Errorf("%v after %d attempts", err, meta.Attempts)
	}
	tokens := 0
	for _, req := range server.Requests() {
		if strings.HasSuffix(req.URL, "/token") {
			tokens++
		}
	}
	if tokens != 2 {
		t.Errorf("%d token requests, want a second one after the 401", tokens)
	}
}

func TestSignInRejections(t *testing.T) {
	server := intunetest.NewServer(t)
	for want, cred := range map[int]intune.Credential{
		7000215: intune.ClientSecretCredential(intunetest.TenantID, intunetest.ClientID, "wrong"),
		700016:  intune.ClientSecretCredential(intunetest.TenantID, app, intunetest.ClientSecret),
		90002:   intune.ClientSecretCredential("nowhere.example", intunetest.ClientID, intunetest.ClientSecret),
	} {
		_, err := create(newClient(t, cred, intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL())))
		if got := errorAs[*intune.AuthError](t, err); got.AADSTS != want || got.TraceID == "" || got.CorrelationID == "" {
			t.Errorf("want AADSTS%d, got %+v", want, got)
		}
	}
	if len(server.Certificates()) > 0 {
		t.Error("a certificate was created")
	}
}

func TestPauseOfTheTokenEndpointHoldsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{fail: func(n int) error {
			if n == 1 {
				return &intune.AuthError{StatusCode: 429, RetryAfter: time.Minute}
			}
			return nil
		}}
		client := new(service).client(t, tokens)
		done := make(chan error)
		began := time.Now()
		for i := range 5 {
			go func() {
				time.Sleep(time.Duration(i) * time.Second)
				done <- get(t.Context(), client)
			}()
		}
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if tokens.count() != 2 || time.Since(began) != time.Minute {
			t.Errorf("%d token requests in %v", tokens.count(), time.Since(began))
		}
	})
}
