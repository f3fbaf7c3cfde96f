package example_test

import (
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

func TestDurationTakesDaysBesidesGoDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"60d": 60 * 24 * time.Hour, "0d": 0, "0": 0, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute,
	} {
		var got example.Duration
		if err := got.Set(text); err != nil || time.Duration(got) != want {
			t.Errorf("%s: got %v, %v, want %v", text, time.Duration(got), err, want)
		}
	}
	for _, text := range []string{"", "60", "d", "-1d", "-1h", "1.5d", "60d12h", "999999999d", "99999999999999999999d", "soon"} {
		var got example.Duration
		if err := got.Set(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestDurationIsPrintedInDaysWhereItIsWholeDays(t *testing.T) {
	for want, d := range map[string]time.Duration{"60d": 60 * 24 * time.Hour, "36h0m0s": 36 * time.Hour, "0d": 0} {
		if got := example.Duration(d).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
