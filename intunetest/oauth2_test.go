package intunetest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// newOAuth2 is a public client of x/oauth2, and a context in which it reaches the server.
func newOAuth2(t *testing.T, server *intunetest.Server) (context.Context, *oauth2.Config) {
	t.Helper()
	tenant := server.URL() + "/" + intunetest.TenantID + "/oauth2/v2.0"
	return context.WithValue(t.Context(), oauth2.HTTPClient, server.HTTPClient()), &oauth2.Config{
		ClientID: intunetest.ClientID, RedirectURL: redirectURI, Scopes: []string{graphScope, "offline_access"},
		Endpoint: oauth2.Endpoint{
			AuthURL: tenant + "/authorize", DeviceAuthURL: tenant + "/devicecode", TokenURL: tenant + "/token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

func TestOAuth2SignsInWithDeviceCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		ctx, config := newOAuth2(t, server)
		device, err := config.DeviceAuth(ctx)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, func() {
			if err := server.ApproveDevice(device.UserCode); err != nil {
				t.Error(err)
			}
		})
		start := time.Now()
		token, err := config.DeviceAccessToken(ctx, device)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 65*time.Second || token.RefreshToken == "" {
			t.Errorf("after %s, got %v", took, token)
		}
		first := token.AccessToken
		source := config.TokenSource(ctx, token)
		time.Sleep(2 * time.Hour)
		if token, err = source.Token(); err != nil || token.AccessToken == first {
			t.Errorf("refreshed: %v %v", token, err)
		}
	})
}

func TestOAuth2SignsInWithAuthorizationCode(t *testing.T) {
	w := newTLSWire(t)
	ctx, config := newOAuth2(t, w.server)
	verifier := oauth2.GenerateVerifier()
	resp, err := w.http.Get(config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	location, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	token, err := config.Exchange(ctx, location.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	w.token = token.AccessToken
	w.wantStatus(w.create(minimal), http.StatusCreated)

	var rejected *oauth2.RetrieveError
	_, err = config.Exchange(ctx, location.Query().Get("code"), oauth2.VerifierOption(verifier))
	if !errors.As(err, &rejected) || rejected.ErrorCode != "invalid_grant" {
		t.Errorf("redeemed twice: %v", err)
	}
}
