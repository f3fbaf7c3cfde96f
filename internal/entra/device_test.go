package entra_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

// TestDeviceCode reads periods as numbers and as texts, and polls at the interval.
func TestDeviceCode(t *testing.T) {
	for _, test := range []struct {
		expiresIn, interval string
		wantExpiry, wantGap time.Duration
	}{
		{"900", "3", 15 * time.Minute, 3 * time.Second},
		{`"900"`, `"3"`, 15 * time.Minute, 3 * time.Second},
		{`"900.0"`, "3.0", 15 * time.Minute, 3 * time.Second},
		{"900", "null", 15 * time.Minute, 5 * time.Second},
		{"900", "-1", 15 * time.Minute, 5 * time.Second},
		{"900", "9300000000", 15 * time.Minute, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			pending := reply(400, `{"error":"authorization_pending","error_description":"AADSTS70016: Pending."}`)
			e := newEndpoint(t,
				reply(200, fmt.Sprintf(`{"device_code":"d","user_code":"u","verification_uri":"v","expires_in":%s,"interval":%s}`, test.expiresIn, test.interval)),
				pending, pending, reply(200, aToken))
			var expiry time.Duration
			cred := entra.DeviceCode(tenant, app, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
				expiry = time.Until(device.Expiry)
				return nil
			})
			if _, err := cred.Token(t.Context(), e.request()); err != nil {
				t.Fatalf("%+v: %v", test, err)
			}
			if gap := e.times[2].Sub(e.times[1]); expiry != test.wantExpiry || gap != test.wantGap {
				t.Errorf("%+v: expires in %v, polled every %v", test, expiry, gap)
			}
			if form := e.forms[1]; form.Get("device_code") != "d" || form.Get("client_id") != app || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" {
				t.Errorf("sent %v", form)
			}
		})
	}
}

// TestDeviceCodeThatExpires, and the polls become rarer if the endpoint wants that.
func TestDeviceCodeThatExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slowDown := reply(400, `{"error":"slow_down"}`)
		e := newEndpoint(t, reply(200, `{"device_code":"d","expires_in":20,"interval":1}`), slowDown, slowDown, slowDown)
		began := time.Now()
		_, err := entra.DeviceCode(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil }).Token(t.Context(), e.request())
		if errorAs[*entra.Error](t, err).Code != "expired_token" || len(e.requests) != 4 {
			t.Errorf("got %v after %d requests", err, len(e.requests))
		}
		if first, second := e.times[1].Sub(began), e.times[2].Sub(e.times[1]); first != time.Second || second != 6*time.Second {
			t.Errorf("polled after %v and %v", first, second)
		}
	})
}

// TestDeviceCodeOfAConfidentialApplication: the error names the switch in the admin center.
func TestDeviceCodeOfAConfidentialApplication(t *testing.T) {
	rejection := reply(401, `{"error":"invalid_client","error_description":"AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}`)
	for step, e := range map[string]*endpoint{
		"device code": newEndpoint(t, rejection),
		"token":       newEndpoint(t, reply(200, `{"device_code":"d","interval":1}`), rejection),
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := entra.DeviceCode(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil }).Token(t.Context(), e.request())
			if errorAs[*entra.Error](t, err); !strings.Contains(err.Error(), "'client_secret'") || !strings.Contains(err.Error(), `turn on "Allow public client flows"`) {
				t.Errorf("%s: got %v", step, err)
			}
		})
	}
}
