package intunetest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func (w *wire) refresh(granted map[string]any, fields ...string) response {
	w.Helper()
	token, _ := granted["refresh_token"].(string)
	return w.redeem("refresh_token", append([]string{"refresh_token=" + token}, fields...)...)
}

func TestRefreshTokensRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		granted := w.granted(w.redeemCode(w.code()))
		for range 3 {
			time.Sleep(90*24*time.Hour - time.Second) // each lives as long
			next := w.granted(w.refresh(granted))
			if next["refresh_token"] == nil || next["refresh_token"] == granted["refresh_token"] {
				t.Fatalf("got %v after %v, want another refresh token", next, granted)
			}
			granted = next
		}
	})
}

func TestRefreshTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		granted := w.granted(w.redeemCode(w.code()))
		time.Sleep(90 * 24 * time.Hour)
		w.wantEntraError(w.refresh(granted), 400, "invalid_grant", 700082)
	})
}

func TestRefreshTokenIsForNoMoreThanWasGranted(t *testing.T) {
	const read, write = "DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All"
	w := newWire(t, intunetest.WithPermissions(read, write))
	granted := w.granted(w.redeemCode(w.code("scope=" + read + " " + write + " offline_access")))
	w.wantStatus(w.create(minimal), http.StatusCreated)
	w.wantEntraError(w.refresh(granted, "scope=User.Read"), 400, "invalid_grant", 65001)
	w.wantEntraError(w.refresh(granted, "scope=https://vault.azure.net/.default"), 400, "invalid_grant", 65001)
	w.wantEntraError(w.refresh(granted, "scope=openid"), 400, "invalid_scope", 70011)

	narrow := w.granted(w.refresh(granted, "scope="+read))
	w.wantStatus(w.create(minimal), http.StatusForbidden)
	if narrow["scope"] != read {
		t.Errorf("the scope is %v", narrow["scope"])
	}
	w.granted(w.refresh(narrow, "scope="+graphScope+" openid"))
	w.wantStatus(w.create(minimal), http.StatusForbidden) // .default is all that was granted
}

func TestRefreshTokenIsRejected(t *testing.T) {
	w := newWire(t)
	granted := w.granted(w.redeemCode(w.code()))
	w.wantEntraError(w.redeem("refresh_token"), 400, "invalid_request", 900144)
	w.wantEntraError(w.redeem("refresh_token", "refresh_token=guessed"), 400, "invalid_grant", 70000)
	w.wantEntraError(w.refresh(granted, "client_id=other"), 400, "unauthorized_client", 700016)
	w.wantEntraError(w.refresh(granted, "client_secret=guessed"), 401, "invalid_client", 7000215)
	w.granted(w.refresh(granted))
}

// Microsoft Entra ID does not revoke a refresh token that has been used.
func TestRefreshTokenCanBeUsedAgain(t *testing.T) {
	w := newWire(t)
	granted := w.granted(w.redeemCode(w.code()))
	for range 3 {
		w.granted(w.refresh(granted))
	}
}
