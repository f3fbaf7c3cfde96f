package wire_test

import (
	"net/http"
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

// FuzzHeaders reads what a service may send: no wait is negative or longer than a year, and every date is in UTC.
func FuzzHeaders(f *testing.F) {
	for _, value := range []string{"2.128", "120", "-1", "1e9", "", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999", "..", "Mon, 01 Jan 0000 00:00:00 GMT"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		const year = 365 * 24 * time.Hour
		if wait, ok := wire.RetryAfter(value, time.Time{}); wait < 0 || wait > year || !ok && wait != 0 {
			t.Errorf("Retry-After: %q is %v, %t", value, wait, ok)
		}
		if date := wire.Date(http.Header{"Date": {value}}); date.Location() != time.UTC {
			t.Errorf("Date: %q is %v", value, date)
		}
	})
}
