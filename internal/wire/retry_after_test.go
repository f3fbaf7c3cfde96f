package wire_test

import (
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/wire"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 15, 18, 53, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"0": 0, "2": 2 * time.Second, " 30 ": 30 * time.Second, "2.128": 3 * time.Second, "0.249": time.Second, "7.": 7 * time.Second, ".5": time.Second, "3.0": 3 * time.Second,
		"99999999999999999999": 365 * 24 * time.Hour, "Sun, 15 Nov 2026 18:53:10 GMT": 10 * time.Second, "Sun, 15 Nov 2026 18:52:00 GMT": 0,
	} {
		if got, ok := wire.RetryAfter(value, now); !ok || got != want {
			t.Errorf("%q: got %v, %v, want %v", value, got, ok, want)
		}
	}
	for _, value := range []string{"", " ", ".", "1.2.3", "-1", "1e3", "soon", "0x10", "1,5"} {
		if got, ok := wire.RetryAfter(value, now); ok || got != 0 {
			t.Errorf("%q: got %v", value, got)
		}
	}
}
