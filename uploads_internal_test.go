package intune

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestDatesFollowAClockThatIsSetBack: otherwise uploads stay dated in the future, and nothing else becomes the latest.
func TestDatesFollowAClockThatIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &uploads{lastDate: time.Now().Add(time.Hour)} // before the clock was set back by an hour
		if got := m.date(); !got.Equal(time.Now()) {
			t.Errorf("got %v, want now, %v", got, time.Now())
		}
		first, second := m.date(), m.date()
		if !second.Equal(first.Add(tick)) || first.Location() != time.UTC {
			t.Errorf("got %v and %v", first, second)
		}
	})
}

// TestMemoryIsBounded: answered ids and unknown creates are kept for an hour at least, and for two at most.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(uploads)
		u := m.newUpload(&EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}, true)
		other := m.newUpload(&EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}, true)
		record := &EnterpriseCodeSigningCertificate{ID: "x", Subject: "CN=Contoso"}
		m.begin(u)
		if !m.rivals(record, other).some || m.rivals(record, u).some {
			t.Error("a create that is under way is no rival of others, or one of itself")
		}
		m.end(u, true)
		if !m.claim("x", u) || m.claim("x", other) || !m.isAnothers("x", other) || m.isAnothers("x", u) {
			t.Error("a record does not belong to one create alone")
		}
		time.Sleep(time.Hour)
		m.claim("y", other)
		if !m.isAnothers("x", other) || !m.rivals(record, other).some {
			t.Error("forgotten within an hour")
		}
		for _, id := range []string{"a", "b", "c"} {
			time.Sleep(time.Hour + time.Second)
			m.claim(id, other)
		}
		if m.isAnothers("x", other) || m.rivals(record, other).some || len(m.pending) != 0 || len(m.current)+len(m.previous) > 2 {
			t.Errorf("remembered for hours: %d pending, %d records", len(m.pending), len(m.current)+len(m.previous))
		}
	})
}
