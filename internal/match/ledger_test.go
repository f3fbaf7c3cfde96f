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
		if got := m.Date(); !got.Equal(time.Now()) {
			t.Errorf("got %v, want now, %v", got, time.Now())
		}
		first, second := m.Date(), m.Date()
		if !second.Equal(first.Add(Tick)) || first.Location() != time.UTC {
			t.Errorf("got %v and %v", first, second)
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
		if !m.Rivals(record, other).Some || m.Rivals(record, u).Some {
			t.Error("a create that is under way is no rival of others, or one of itself")
		}
		m.End(u, true)
		if !m.Claim("x", u) || m.Claim("x", other) || !m.BelongsToAnother("x", other) || m.BelongsToAnother("x", u) {
			t.Error("a record does not belong to one create alone")
		}
		time.Sleep(time.Hour)
		m.Claim("y", other)
		if !m.BelongsToAnother("x", other) || !m.Rivals(record, other).Some {
			t.Error("forgotten within an hour")
		}
		for _, id := range []string{"a", "b", "c"} {
			time.Sleep(time.Hour + time.Second)
			m.Claim(id, other)
		}
		if m.BelongsToAnother("x", other) || m.Rivals(record, other).Some || len(m.pending) != 0 || len(m.current)+len(m.previous) > 2 {
			t.Errorf("remembered for hours: %d pending, %d records", len(m.pending), len(m.current)+len(m.previous))
		}
	})
}
