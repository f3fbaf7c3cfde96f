package entra_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

// TestLifetimeOfAToken: some endpoints send it as text or with a fraction.
func TestLifetimeOfAToken(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"3599": time.Hour - time.Second, `"3599"`: time.Hour - time.Second, "3599.5": time.Hour - time.Second/2, `"3599.5"`: time.Hour - time.Second/2,
		"3.6e3": time.Hour, "1e300": 10 * 365 * 24 * time.Hour,
		"null": 0, "0": 0, "-1": 0,
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(t, reply(200, `{"access_token":"t","expires_in":`+text+`}`))
			token, err := entra.ClientSecret(tenant, app, aSecret).Token(t.Context(), e.request())
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if want == 0 != token.Expiry.IsZero() || want != 0 && time.Until(token.Expiry) != want {
				t.Errorf("%s: expires %v, want in %v", text, token.Expiry, want)
			}
		})
	}
	for _, text := range []string{`""`, `"soon"`, `"NaN"`, `"0x10"`, "[]", "{}"} {
		if err := newEndpoint(t, reply(200, `{"access_token":"t","expires_in":`+text+`}`)).signIn(); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}
