package intune

import (
	"sync"
	"time"
)

// uploads is what a client knows of its creates: those under way, the records that calls have in hand, and whether the
// service keeps the uploadDateTime that is sent.
type uploads struct {
	mu             sync.Mutex
	underWay       map[*search]bool
	recent, lessSo map[string]bool // ids of records in hand; two generations, so that they do not pile up
	lessSoUntil    time.Time
	datesKept      bool
}

func (u *uploads) begin(s *search) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.underWay == nil {
		u.underWay = make(map[*search]bool)
	}
	u.underWay[s] = true
}

func (u *uploads) end(s *search) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.underWay, s)
}

// others are the searches under way but for s.
func (u *uploads) others(s *search) (others []*search) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for other := range u.underWay {
		if other != s {
			others = append(others, other)
		}
	}
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
	u.mu.Lock()
	defer u.mu.Unlock()
	shown := created.UploadDateTime
	switch {
	case shown.IsZero():
	case !isSameDate(sent.UploadDateTime, shown):
		u.datesKept = false
	case shown.Nanosecond() != 0:
		u.datesKept = true
	}
}

func (u *uploads) keepDates() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.datesKept
}
