package intune

// This file is what a client remembers of its creates.

import (
	"crypto/sha256"
	"sync"
	"time"
)

// memorySpan is how long a client remembers the records of its creates, and the creates of unknown outcome.
const memorySpan = time.Hour

// uploads is the memory of a client: which records belong to which create, and which creates have no record.
type uploads struct {
	mu                sync.Mutex
	pending           map[*upload]time.Time // sent, without a record; until when an unknown one is remembered, zero while it is under way
	current, previous map[recordKey]uint64  // the number of the upload; two generations, so that they do not pile up
	nextGeneration    time.Time
	lastNumber        uint64
	lastDate          time.Time // see date
}

// recordKey stands for the id of a record: a memory without pointers costs the garbage collector nothing.
type recordKey [sha256.Size]byte

func keyOf(id string) recordKey { return sha256.Sum256([]byte(id)) }

// upload is one create.
type upload struct {
	number    uint64                            // from 1
	sent      *EnterpriseCodeSigningCertificate // a copy that nobody changes
	isOwnDate bool                              // the library chose the date of upload

	recognise sync.Once
	known     *identity
}

func (m *uploads) newUpload(sent *EnterpriseCodeSigningCertificate, isOwnDate bool) *upload {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lastNumber++
	return &upload{number: m.lastNumber, sent: sent, isOwnDate: isOwnDate}
}

// identity is computed when it is needed first: most creates need none.
func (u *upload) identity() *identity {
	u.recognise.Do(func() { u.known = newIdentity(u.sent) })
	return u.known
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
	key := keyOf(id)
	if owner := m.owner(key); owner != 0 {
		return owner == u.number
	}
	if now := time.Now(); m.current == nil || now.After(m.nextGeneration) {
		m.current, m.previous, m.nextGeneration = make(map[recordKey]uint64), m.current, now.Add(memorySpan)
	}
	m.current[key] = u.number
	return true
}

// owner returns the number of the upload that a record belongs to, 0 if none is known.
func (m *uploads) owner(key recordKey) uint64 {
	if owner := m.current[key]; owner != 0 {
		return owner
	}
	return m.previous[key]
}

// isAnothers reports whether a record belongs to another upload.
func (m *uploads) isAnothers(id string, u *upload) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	owner := m.owner(keyOf(id))
	return owner != 0 && owner != u.number
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
