package intune

// This file is what a client remembers of its creates.

import (
	"sync"
	"time"
)

// memorySpan is how long a client remembers the records of its creates, and the creates of unknown outcome.
const memorySpan = time.Hour

// uploads is the memory of a client: which records belong to which create, and which creates have no record.
type uploads struct {
	mu                sync.Mutex
	pending           map[*upload]time.Time // sent, without a record; until when an unknown one is remembered, zero while it is under way
	current, previous map[string]owner      // by the id of the record; two generations, so that they do not pile up
	nextGeneration    time.Time
	lastDate          time.Time // see date
}

// owner stands for an upload whose record is remembered: the upload itself would keep the content.
type owner *byte

// upload is one create.
type upload struct {
	sent      *EnterpriseCodeSigningCertificate // a copy that nobody changes
	isOwnDate bool                              // the library chose the date of upload

	owner    owner
	identity func() *identity // computed when it is needed first: most creates need none
}

func newUpload(sent *EnterpriseCodeSigningCertificate, isOwnDate bool) *upload {
	u := &upload{sent: sent, isOwnDate: isOwnDate, owner: new(byte)}
	u.identity = sync.OnceValue(func() *identity { return newIdentity(u.sent) })
	return u
}

// begin notes that an upload is about to be sent.
func (m *uploads) begin(u *upload) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pending == nil {
		m.pending = make(map[*upload]time.Time)
	}
	m.pending[u] = time.Time{}
}

// end notes the end of an upload. One of unknown outcome is remembered.
func (m *uploads) end(u *upload, isUnknown bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pending, u)
	if isUnknown {
		m.pending[u] = time.Now().Add(memorySpan)
	}
}

// claim notes that a record belongs to an upload. It returns false if the record belongs to another one.
func (m *uploads) claim(id string, u *upload) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if owner := m.owner(id); owner != nil {
		return owner == u.owner
	}
	if now := time.Now(); m.current == nil || now.After(m.nextGeneration) {
		m.current, m.previous, m.nextGeneration = make(map[string]owner), m.current, now.Add(memorySpan)
	}
	m.current[id] = u.owner
	return true
}

func (m *uploads) owner(id string) owner {
	if owner := m.current[id]; owner != nil {
		return owner
	}
	return m.previous[id]
}

// isAnothers reports whether a record belongs to another upload.
func (m *uploads) isAnothers(id string, u *upload) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	owner := m.owner(id)
	return owner != nil && owner != u.owner
}

// rivals returns which other pending uploads a record may belong to.
func (m *uploads) rivals(record *EnterpriseCodeSigningCertificate, u *upload) (r rivals) {
	for _, other := range m.others(u) {
		if other.identity().isNot(record) {
			continue
		}
		r.some = true
		r.sameDate = r.sameDate || other.sent.UploadDateTime.Truncate(tick).Equal(record.UploadDateTime)
	}
	return r
}

// others returns the other pending uploads, and forgets those that are too old.
func (m *uploads) others(u *upload) (others []*upload) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for other, until := range m.pending {
		switch {
		case !until.IsZero() && time.Now().After(until):
			delete(m.pending, other)
		case other != u:
			others = append(others, other)
		}
	}
	return others
}

// date returns the current time in UTC with 100 ns, never the same twice. If the clock has been set back, it follows.
func (m *uploads) date() time.Time {
	const mostPerTick = time.Second // more uploads than that cannot be ahead of the clock
	m.mu.Lock()
	defer m.mu.Unlock()
	date := time.Now().UTC().Truncate(tick)
	if ahead := m.lastDate.Sub(date); ahead >= 0 && ahead < mostPerTick {
		date = m.lastDate.Add(tick)
	}
	m.lastDate = date
	return date
}
