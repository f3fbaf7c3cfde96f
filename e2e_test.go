package intune_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// fast is a retry policy under which tests over real sockets do not wait.
var fast = intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: 1, MaxDelay: 1})

func TestEndToEndCreateOfARealCertificate(t *testing.T) {
	for _, version := range []intune.APIVersion{intune.APIVersionBeta, intune.APIVersionV1} {
		server := intunetest.NewServer(t)
		cert := intune.FromX509(newCertificate(t))
		cert.Status = intune.CertificateStatusProvisioned
		var meta intune.Response
		client := server.Client(intune.WithAPIVersion(version))
		got, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert, intune.WithResponse(&meta))
		if err != nil {
			t.Fatal(err)
		}
		if got.ID == "" || got.Content != nil || got.Subject != cert.Subject || got.Status != intune.CertificateStatusNotProvisioned ||
			!got.ExpirationDateTime.Equal(cert.ExpirationDateTime) || time.Since(got.UploadDateTime) > time.Minute || len(got.AdditionalData) > 0 {
			t.Errorf("got %v", got)
		}
		if meta.StatusCode != 201 || meta.RequestID == "" || meta.Diagnostics == "" || meta.Attempts != 1 {
			t.Errorf("response %+v", meta)
		}
		stored := server.Certificates()
		if len(stored) != 1 || stored[0].ID != got.ID {
			t.Errorf("the tenant holds %v", stored)
		}
		var back intune.EnterpriseCodeSigningCertificate
		if err := client.Do(t.Context(), "GET", path+"/"+got.ID, nil, &back); err != nil || back.ID != got.ID || !back.UploadDateTime.Equal(got.UploadDateTime) {
			t.Errorf("get: %v, %v", back, err)
		}
		var list struct {
			Value []intune.EnterpriseCodeSigningCertificate
		}
		if err := client.Do(t.Context(), "GET", path, nil, &list); err != nil || len(list.Value) != 1 || list.Value[0].ID != got.ID {
			t.Errorf("list: %v, %v", list, err)
		}
	}
}

// TestEndToEndFaults shows what one Create comes to under each fault, and how many certificates the tenant then holds.
func TestEndToEndFaults(t *testing.T) {
	type fault = intunetest.Fault
	tests := map[string]struct {
		fault    fault
		want     string // "created", "refused" or "unknown"
		stored   int
		attempts int
	}{
		"429":                             {fault{Status: 429}, "created", 1, 2},
		"429 with Retry-After":            {fault{Status: 429, RetryAfter: "0"}, "created", 1, 2},
		"503 of Graph":                    {fault{Status: 503, RetryAfter: "0"}, "unknown", 0, 1},
		"503 of a gateway":                {fault{Status: 503, Gateway: true}, "unknown", 0, 1},
		"503 of a gateway, after storing": {fault{Status: 503, Gateway: true, Committed: true}, "unknown", 1, 1},
		"500":                             {fault{Status: 500}, "unknown", 0, 1},
		"504 after storing":               {fault{Status: 504, Gateway: true, Committed: true}, "unknown", 1, 1},
		"200 instead of 201":              {fault{Status: 200, Committed: true}, "unknown", 1, 1},
		"400":                             {fault{Status: 400}, "refused", 0, 1},
		"403":                             {fault{Status: 403}, "refused", 0, 1},
		"closed before reading":           {fault{Drop: intunetest.DropBeforeReading}, "unknown", 0, 1},
		"closed after reading":            {fault{Drop: intunetest.DropAfterReading}, "unknown", 0, 1},
		"closed after storing":            {fault{Drop: intunetest.DropAfterCommit}, "unknown", 1, 1},
		"body cut short":                  {fault{Drop: intunetest.DropInResponse}, "unknown", 1, 1},
		"token endpoint down":             {fault{Token: true, Status: 503}, "created", 1, 2},
		"token endpoint closed":           {fault{Token: true, Drop: intunetest.DropAfterReading}, "created", 1, 2},
		"token cut short":                 {fault{Token: true, Drop: intunetest.DropInResponse}, "created", 1, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := intunetest.NewServer(t)
			server.Inject(test.fault)
			var meta intune.Response
			client := server.Client(fast)
			_, err := create(client, intune.WithResponse(&meta), intune.WithoutReconcile())
			got := "refused"
			switch {
			case err == nil:
				got = "created"
			case errors.As(err, new(*intune.OutcomeUnknownError)):
				got = "unknown"
			}
			if stored := len(server.Certificates()); got != test.want || stored != test.stored || meta.Attempts != test.attempts {
				t.Errorf("%s with %d stored after %d attempts: %v", got, stored, meta.Attempts, err)
			}
			if _, err := create(client); err != nil {
				t.Errorf("the next create: %v", err)
			}
		})
	}
}

func TestEndToEndSlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		server.Inject(intunetest.Fault{Delay: 59 * time.Second}, intunetest.Fault{Delay: 61 * time.Second})
		client := server.Client()
		if _, err := create(client); err != nil {
			t.Errorf("59 s: %v", err)
		}
		_, err := create(client, intune.WithoutReconcile())
		errorAs[*intune.OutcomeUnknownError](t, err)
		if !strings.Contains(err.Error(), "no response within 1m0s") {
			t.Errorf("61 s: %v", err)
		}
	})
}

func TestEndToEndDeadlineOfTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		server.Inject(intunetest.Fault{Token: true, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := createContext(ctx, server.Client())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond || errors.As(err, new(*intune.OutcomeUnknownError)) {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestEndToEndColdStartOfManyAsksForOneToken(t *testing.T) {
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

func TestEndToEndExpiredTokenIsReplaced(t *testing.T) {
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

func TestEndToEndRevokedTokenIsReplacedOnce(t *testing.T) {
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

func TestEndToEndMissingPermissionIsNamed(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithPermissions("DeviceManagementApps.Read.All"))
	_, err := create(server.Client())
	refused := errorAs[*intune.APIError](t, err)
	want := "create enterpriseCodeSigningCertificate: 403 Forbidden: application needs one of DeviceManagementApps.ReadWrite.All, " +
		"DeviceManagementConfiguration.ReadWrite.All (request-id " + refused.RequestID + ")"
	if err.Error() != want || !errors.Is(err, intune.ErrForbidden) || refused.ActivityID == "" {
		t.Errorf("got  %q\nwant %q", err, want)
	}
}

func TestEndToEndSignInRefusals(t *testing.T) {
	server := intunetest.NewServer(t)
	for want, cred := range map[int]intune.Credential{
		7000215: intune.ClientSecret(intunetest.TenantID, intunetest.ClientID, "wrong"),
		700016:  intune.ClientSecret(intunetest.TenantID, app, intunetest.ClientSecret),
		90002:   intune.ClientSecret("nowhere.example", intunetest.ClientID, intunetest.ClientSecret),
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
