package match

// This file is what a client remembers of its creates.

import (
	"crypto/sha256"
	"math/rand/v2"
	"sync"
	"time"
)

// memorySpan is how long a client remembers the records of its creates, and the creates of unknown outcome.
const memorySpan = time.Hour

// Ledger is the memory of a client: what it has uploaded under which id, and which creates have no record.
type Ledger struct {
	mu                sync.Mutex
	pending           map[*Upload]time.Time // sent, without a record; until when an unknown one is remembered, zero while it is under way
	current, previous map[recordKey]memo    // two generations, so that they do not pile up
	nextGeneration    time.Time
	lastNumber        uint64
	lastDate          time.Time     // see Date
	part              time.Duration // of its own below a microsecond; 0 until it is chosen
}

// memo is what is remembered of a record.
type memo struct {
	upload  uint64 // the number of the create; 0 for none of this client
	content Digest // that this client has uploaded; zero if that is not known
}

// recordKey stands for the id of a record: a memory without pointers costs the garbage collector nothing.
type recordKey [sha256.Size]byte

func keyOf(id string) recordKey { return sha256.Sum256([]byte(id)) }

// Upload is one create.
type Upload struct {
	number    uint64 // from 1
	sent      Record
	isOwnDate bool // the library chose the date of upload

	recognize sync.Once
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
	u.recognize.Do(func() { u.known = New(&u.sent) })
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
	if known := m.memo(key); known.upload != 0 {
		return known.upload == u.number
	}
	m.remember(key, memo{u.number, DigestOf(u.sent.Content)})
	return true
}

// SetContent notes that an update has uploaded content under an id; nil, that what the record holds is not known.
func (m *Ledger) SetContent(id string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := keyOf(id)
	m.remember(key, memo{m.memo(key).upload, DigestOf(content)})
}

// Content returns the digest of what this client has uploaded under an id, zero if that is not known.
func (m *Ledger) Content(id string) Digest {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.memo(keyOf(id)).content
}

func (m *Ledger) remember(key recordKey, known memo) {
	if now := time.Now(); m.current == nil || now.After(m.nextGeneration) {
		m.current, m.previous, m.nextGeneration = make(map[recordKey]memo), m.current, now.Add(memorySpan)
	}
	m.current[key] = known
}

// memo returns what is known of a record, zero if nothing is.
func (m *Ledger) memo(key recordKey) memo {
	if known, isCurrent := m.current[key]; isCurrent {
		return known
	}
	return m.previous[key]
}

// BelongsToAnother reports whether a record belongs to another upload.
func (m *Ledger) BelongsToAnother(id string, u *Upload) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	owner := m.memo(keyOf(id)).upload
	return owner != 0 && owner != u.number
}

// Rivals returns which other pending uploads a record may belong to.
func (m *Ledger) Rivals(record *Record, evidence Evidence, u *Upload) (r Rivals) {
	for _, other := range m.others(u) {
		known := other.identity()
		if known.isOther(record, evidence) || !known.hasContentOf(record) && known.isFarFromExpiring(record.Expires) {
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

// Date returns the current time in UTC, or the given one if that is later, with 100 ns and never the same twice. Below a
// microsecond it has a part of the client's own: no service that cuts dates makes up such a date, and two clients that
// upload at once, after the same listing, rarely choose the same. If the clock has been set back, it follows.
func (m *Ledger) Date(atLeast time.Time) time.Time {
	const mostPerUnit = time.Second // more uploads than that cannot be ahead of the clock
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.part == 0 {
		m.part = time.Duration(1+rand.IntN(int(time.Microsecond/Tick)-1)) * Tick //nolint:gosec // no secret
	}
	date := time.Now()
	if atLeast.After(date) {
		date = atLeast
	}
	date = date.UTC().Truncate(time.Microsecond).Add(m.part)
	if ahead := m.lastDate.Sub(date); ahead >= 0 && ahead < mostPerUnit {
		date = m.lastDate.Add(time.Microsecond)
	}
	m.lastDate = date
	return date
}

// Sent returns what the create has sent, with the times of its attempts by the local clock.
func (u *Upload) Sent(began, end time.Time) *Sent {
	return &Sent{Identity: u.identity(), Date: u.sent.Uploaded, IsOwnDate: u.isOwnDate, Began: began, End: end}
}
