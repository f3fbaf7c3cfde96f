package main

import (
	"testing"
	"time"
)

func TestDurationTakesDaysBesidesGoDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 30 * day, "0d": 0, "0": 0, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "60", "d", "-1d", "-1h", "1.5d", "60d12", "1w", "1d-1h", "1d1d", "12h1d", "999999999d", "99999999999999999999d", "soon"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
