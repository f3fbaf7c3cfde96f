package match

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestDatesFollowAClockThatIsSetBack: otherwise uploads stay dated in the future, and nothing else becomes the latest.
func TestDatesFollowAClockThatIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Ledger{lastDate: time.Now().Add(time.Hour)} // before the clock was set back by an hour
		if got := m.Date(time.Time{}); time.Until(got).Abs() >= time.Microsecond || got.Location() != time.UTC {
			t.Errorf("got %v, want now, %v", got, time.Now())
		}
	})
}

// TestDatesAreTheClientsOwn: never the same twice, never a whole microsecond, and no earlier than asked for.
func TestDatesAreTheClientsOwn(t *testing.T) {
	parts := make(map[time.Duration]bool)
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			m := new(Ledger)
			later := time.Now().Add(time.Hour)
			seen := make(map[time.Time]bool)
			for range 100 {
				date := m.Date(time.Time{})
				part := date.Sub(date.Truncate(time.Microsecond))
				if seen[date] || part == 0 || part%Tick != 0 {
					t.Fatalf("got %v after %v", date, seen)
				}
				seen[date], parts[part] = true, true
			}
			if got := m.Date(later); got.Before(later) || got.Sub(later) > time.Microsecond {
				t.Errorf("got %v, want %v", got, later)
			}
		})
	}
	if len(parts) < 2 {
		t.Errorf("all clients have the part %v", parts)
	}
}

// TestContentIsRememberedByID: by creates and updates, for an hour at least.
func TestContentIsRememberedByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(Ledger)
		own, other := []byte("own"), []byte("other")
		u := m.NewUpload(Record{Content: own}, true)
		m.Claim("x", u)
		if m.Content("x") != DigestOf(own) || m.Content("y") != (Digest{}) || DigestOf(nil) != (Digest{}) {
			t.Error("the content of a create is not remembered")
		}
		m.SetContent("x", other)
		m.SetContent("y", other)
		time.Sleep(time.Hour)
		if m.Content("x") != DigestOf(other) || m.Content("y") != DigestOf(other) || !m.BelongsToAnother("x", m.NewUpload(Record{}, true)) {
			t.Error("the content of an update is not remembered")
		}
		m.SetContent("x", nil)
		if m.Content("x") != (Digest{}) {
			t.Error("an update of unknown outcome leaves what was there before")
		}
	})
}

// TestMemoryIsBounded: answered ids and unknown creates are kept for an hour at least, and for two at most.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(Ledger)
		u := m.NewUpload(Record{Subject: "CN=Contoso"}, true)
		other := m.NewUpload(Record{Subject: "CN=Contoso"}, true)
		record := &Record{Subject: "CN=Contoso"}
		m.Begin(u)
		if !m.Rivals(record, Evidence{}, other).Some || m.Rivals(record, Evidence{}, u).Some {
			t.Error("a create that is under way is no rival of others, or one of itself")
		}
		m.End(u, true)
		if !m.Claim("x", u) || m.Claim("x", other) || !m.BelongsToAnother("x", other) || m.BelongsToAnother("x", u) {
			t.Error("a record does not belong to one create alone")
		}
		time.Sleep(time.Hour)
		m.Claim("y", other)
		if !m.BelongsToAnother("x", other) || !m.Rivals(record, Evidence{}, other).Some {
			t.Error("forgotten within an hour")
		}
		for _, id := range []string{"a", "b", "c"} {
			time.Sleep(time.Hour + time.Second)
			m.Claim(id, other)
		}
		if m.BelongsToAnother("x", other) || m.Rivals(record, Evidence{}, other).Some || len(m.pending) != 0 || len(m.current)+len(m.previous) > 2 {
			t.Errorf("remembered for hours: %d pending, %d records", len(m.pending), len(m.current)+len(m.previous))
		}
	})
}
