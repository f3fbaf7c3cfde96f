package match

// This file is what a client remembers of its creates.

import (
	"crypto/sha256"
	"sync"
	"time"
)

// memorySpan is how long a client remembers the records of its creates, and the creates of unknown outcome.
const memorySpan = time.Hour

// Ledger is the memory of a client: which records belong to which create, and which creates have no record.
type Ledger struct {
	mu                sync.Mutex
	pending           map[*Upload]time.Time // sent, without a record; until when an unknown one is remembered, zero while it is under way
	current, previous map[recordKey]uint64  // the number of the upload; two generations, so that they do not pile up
	nextGeneration    time.Time
	lastNumber        uint64
	lastDate          time.Time // see Date
}

// recordKey stands for the id of a record: a memory without pointers costs the garbage collector nothing.
type recordKey [sha256.Size]byte

func keyOf(id string) recordKey { return sha256.Sum256([]byte(id)) }

// Upload is one create.
type Upload struct {
	number    uint64 // from 1
	sent      Record
	isOwnDate bool // the library chose the date of upload

	recognise sync.Once
	known     *Identity
}

// NewUpload returns a create of a certificate. isOwnDate says that the library chose the date of upload.
func (m *Ledger) NewUpload(sent Record, isOwnDate bool) *Upload {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lastNumber++
	return &Upload{number: m.lastNumber, sent: sent, isOwnDate: isOwnDate}
}

// identity is computed when it is needed first: most creates need none.
func (u *Upload) identity() *Identity {
	u.recognise.Do(func() { u.known = New(&u.sent) })
	return u.known
}

// Begin notes that an upload is about to be sent.
func (m *Ledger) Begin(u *Upload) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pending == nil {
		m.pending = make(map[*Upload]time.Time)
	}
	m.pending[u] = time.Time{}
}

// End notes the end of an upload. One of unknown outcome is remembered.
func (m *Ledger) End(u *Upload, isUnknown bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pending, u)
	if isUnknown {
		m.pending[u] = time.Now().Add(memorySpan)
	}
}

// Claim notes that a record belongs to an upload. It returns false if the record belongs to another one.
func (m *Ledger) Claim(id string, u *Upload) bool {
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
func (m *Ledger) owner(key recordKey) uint64 {
	if owner := m.current[key]; owner != 0 {
		return owner
	}
	return m.previous[key]
}

// BelongsToAnother reports whether a record belongs to another upload.
func (m *Ledger) BelongsToAnother(id string, u *Upload) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	owner := m.owner(keyOf(id))
	return owner != 0 && owner != u.number
}

// Rivals returns which other pending uploads a record may belong to.
func (m *Ledger) Rivals(record *Record, u *Upload) (r Rivals) {
	for _, other := range m.others(u) {
		if other.identity().isNot(record) {
			continue
		}
		r.Some = true
		r.SameDate = r.SameDate || other.sent.Uploaded.Truncate(Tick).Equal(record.Uploaded)
	}
	return r
}

// others returns the other pending uploads, and forgets those that are too old.
func (m *Ledger) others(u *Upload) (others []*Upload) {
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

// Date returns the current time in UTC with 100 ns, never the same twice. If the clock has been set back, it follows.
func (m *Ledger) Date() time.Time {
	const mostPerTick = time.Second // more uploads than that cannot be ahead of the clock
	m.mu.Lock()
	defer m.mu.Unlock()
	date := time.Now().UTC().Truncate(Tick)
	if ahead := m.lastDate.Sub(date); ahead >= 0 && ahead < mostPerTick {
		date = m.lastDate.Add(Tick)
	}
	m.lastDate = date
	return date
}

// Sent returns what the create has sent, with the times of its attempts by the local clock.
func (u *Upload) Sent(began, end time.Time) *Sent {
	return &Sent{Identity: u.identity(), Date: u.sent.Uploaded, IsOwnDate: u.isOwnDate, Began: began, End: end}
}
