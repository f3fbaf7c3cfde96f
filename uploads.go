package intune

import (
	"sync"
	"sync/atomic"
	"time"
)

// uploads is what a client knows of its creates: those under way, the records that calls have in hand, and whether the
// service keeps the uploadDateTime that is sent.
type uploads struct {
	underWay  sync.Map // of *search; every create passes here, and few ever look at the others
	datesKept atomic.Bool

	mu             sync.Mutex
	recent, lessSo map[string]bool // ids of records in hand; two generations, so that they do not pile up
	lessSoUntil    time.Time
}

func (u *uploads) begin(s *search) { u.underWay.Store(s, nil) }

func (u *uploads) end(s *search) { u.underWay.Delete(s) }

// others are the searches under way but for s.
func (u *uploads) others(s *search) (others []*search) {
	u.underWay.Range(func(other, _ any) bool {
		if other := other.(*search); other != s { //nolint:forcetypeassert // there is nothing else in it
			others = append(others, other)
		}
		return true
	})
	return others
}

// datesOfOthers are the dates, in Unix nanoseconds, that the other calls under way have sent. Where the service keeps
// dates, a record that has one of them is theirs.
func (u *uploads) datesOfOthers(s *search) map[int64]bool {
	dates := make(map[int64]bool)
	for _, other := range u.others(s) {
		dates[other.sent.UploadDateTime.Truncate(tick).UnixNano()] = true
	}
	return dates
}

// claim takes a record in hand, unless another call has it.
func (u *uploads) claim(id string) bool {
	const generation = time.Hour // longer than a call searches
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.recent[id] || u.lessSo[id] {
		return false
	}
	if now := time.Now(); u.recent == nil || now.After(u.lessSoUntil) {
		u.recent, u.lessSo, u.lessSoUntil = make(map[string]bool), u.recent, now.Add(generation)
	}
	u.recent[id] = true
	return true
}

func (u *uploads) has(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.recent[id] || u.lessSo[id]
}

// learn compares the date that was sent with the one that the service shows. Dates that agree only to the second prove
// nothing: the service may have cut ours, or dated the upload itself within that second.
func (u *uploads) learn(sent, created *EnterpriseCodeSigningCertificate) {
	shown := created.UploadDateTime
	switch {
	case shown.IsZero():
	case !isSameDate(sent.UploadDateTime, shown):
		u.datesKept.Store(false)
	case shown.Nanosecond() != 0:
		u.datesKept.Store(true)
	}
}
