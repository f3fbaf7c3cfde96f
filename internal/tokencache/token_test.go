package tokencache

import (
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// TestExpiryIsComparedByTheWallClock, because the monotonic clock stands still while a machine sleeps.
func TestExpiryIsComparedByTheWallClock(t *testing.T) {
	expiry := time.Now().Add(time.Hour)
	token := newToken(&oauth2.Token{AccessToken: "t", Expiry: expiry}, Need{}, wallClock())
	if expiry == expiry.Round(0) { //nolint:staticcheck // Equal ignores the monotonic reading
		t.Skip("the clock has no monotonic reading")
	}
	if token.expiry != expiry.Round(0) || token.refreshAt != token.refreshAt.Round(0) {
		t.Errorf("%v and %v keep monotonic readings", token.expiry, token.refreshAt)
	}
	if now := wallClock(); now != now.Round(0) {
		t.Errorf("%v keeps a monotonic reading", now)
	}
}
