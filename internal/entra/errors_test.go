package entra_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/entra"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// TestProxyOnTheWay: one that denies the connection is final.
func TestProxyOnTheWay(t *testing.T) {
	setPlatform(t, "https://issuer.example")
	prompt := func(context.Context, *oauth2.DeviceAuthResponse) error { return nil }
	for status, isTransient := range map[int]bool{403: false, 407: false, 502: true, 503: true} {
		failure := &wire.ProxyError{Proxy: "proxy.example:3128", Service: "login.example:443", Status: status}
		for name, signIn := range map[string]entra.SignIn{
			"token endpoint":  entra.ClientSecret(tenant, app, aSecret),
			"device endpoint": entra.DeviceCode(tenant, app, prompt),
			"issuer":          entra.ClientAssertion(tenant, app, issuers()["GitHub Actions"]),
		} {
			_, err := signIn.Token(t.Context(), newEndpoint(t, httpmock.NewErrorResponder(failure)).request())
			want := fmt.Sprintf("the proxy proxy.example:3128 does not connect to login.example:443: %d ", status)
			if err == nil || !strings.Contains(err.Error(), want) || entra.IsTransient(err) != isTransient {
				t.Errorf("%s, %d: got %v, transient: %v", name, status, err, entra.IsTransient(err))
			}
		}
	}
}
