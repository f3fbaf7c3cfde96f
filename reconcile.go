package intune

// This file finds out what became of a create whose answer was lost.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// reconcile follows an attempt of unknown outcome. Either the call is settled then, or the certificate is believed to
// be absent and may be sent again. It looks at once, then after MinDelay, doubling. Absence is believed only when a look
// that began at least MaxDelay after the attempt ended does not show it: a commit may become visible late.
func (c *call) reconcile(ctx context.Context, cause error) {
	if !c.search.canTell() {
		c.settle(c.outcomeUnknown(cause))
		return
	}
	believable := c.lastUnknown.ended.Add(c.client.retry.ReconcileWindow)
	for pause := c.client.retry.MinDelay; ; pause *= 2 {
		isLast := !time.Now().Before(believable)
		found, err := c.search.look(ctx, c.firstUnknown.started)
		switch {
		case c.settleFound(found):
			return
		case err != nil && (isLast || !mayPass(err)):
			c.settle(c.outcomeUnknown(fmt.Errorf("%w; and the certificates cannot be listed: %w", cause, err)))
			return
		case isLast && c.attempts < c.client.retry.MaxAttempts:
			return
		case isLast:
			c.settle(c.outcomeUnknown(cause))
			return
		case !sleepUntil(ctx, nextLook(ctx, pause, believable)):
			c.settle(c.outcomeUnknown(fmt.Errorf("%w; and %w before it could be found out", cause, endOf(ctx))))
			return
		}
	}
}

// endOf is the error of a context that has ended, or that would before the wait is over.
func endOf(ctx context.Context) error {
	return cmp.Or(ctx.Err(), context.DeadlineExceeded)
}

// nextLook comes after the pause, or when absence becomes believable. Where the context ends sooner, looks go on until
// then, each at half of what is left.
func nextLook(ctx context.Context, pause time.Duration, believable time.Time) time.Time {
	now := time.Now()
	next := now.Add(min(pause, believable.Sub(now)))
	const least = 10 * time.Millisecond
	if deadline, ok := ctx.Deadline(); ok && !next.Before(deadline) && deadline.Sub(now) > least {
		next = now.Add(deadline.Sub(now) / 2)
	}
	return next
}

// conclude ends a call with an error. After an attempt of unknown outcome none stands alone, because it would read as
// if nothing had been created: the certificate is looked for once more, and else the outcome is unknown.
func (c *call) conclude(ctx context.Context, err error) {
	if c.firstUnknown == nil || isRepeatable(c.method) {
		c.settle(err)
		return
	}
	if c.search.canTell() {
		if found, _ := c.search.look(ctx, c.firstUnknown.started); c.settleFound(found) {
			return
		}
	}
	c.settle(c.outcomeUnknown(err))
}

// settleCreated ends a create that the service has confirmed. Where an attempt of unknown outcome went before, that
// one may have stored the certificate as well.
func (c *call) settleCreated(ctx context.Context) {
	created := c.options.created
	c.settle(nil)
	c.client.uploads.claim(created.ID)
	c.client.uploads.learn(c.options.certificate, created)
	if c.firstUnknown == nil || !c.search.canTell() {
		return
	}
	others, _ := c.search.look(ctx, c.firstUnknown.started)
	if len(others) > 0 && len(others) > c.search.rivals(others[0]) {
		c.settle(duplicateError(created, others))
	}
}

// settleFound ends a create whose certificate was found in the tenant. It says whether one of the records is ours: a
// record belongs to one call alone.
func (c *call) settleFound(found []match) bool {
	ours := slices.IndexFunc(found, func(m match) bool { return c.client.uploads.claim(m.certificate.ID) })
	if ours < 0 {
		return false
	}
	created := c.options.created
	*created = *found[ours].certificate
	c.matchedBy = found[ours].by
	c.client.logger.Debug("intune: reconciled", "id", created.ID, "matchedBy", c.matchedBy, "clientRequestId", c.clientRequestID)
	c.client.uploads.learn(c.options.certificate, created)
	c.client.budget.give(max(c.paid, successIncome))
	c.settle(nil)
	others := slices.DeleteFunc(found[ours+1:], func(m match) bool { return c.client.uploads.has(m.certificate.ID) })
	if len(others) > c.search.rivals(found[ours]) {
		c.settle(duplicateError(created, others))
	}
	return true
}

func duplicateError(created *EnterpriseCodeSigningCertificate, others []match) error {
	e := &DuplicateError{Certificate: created}
	for _, other := range others {
		e.OtherIDs = append(e.OtherIDs, other.certificate.ID)
	}
	return e
}

// mayPass tells a failure to list that the next look may not meet again.
func mayPass(err error) bool {
	var refused *APIError
	if errors.As(err, &refused) {
		return refused.StatusCode >= http.StatusInternalServerError || errors.Is(err, ErrThrottled)
	}
	return !errors.As(err, new(*AuthError)) && !errors.As(err, new(*lookError))
}

// search recognises the certificate that a create has sent among those of the tenant.
type search struct {
	client *Client
	sent   *EnterpriseCodeSigningCertificate
	before map[string]bool // the ids of the twins that were there before, where the date sent is no unique key
	blind  bool            // it is not known whether there were any

	identity *identity // see whose
}

// whose returns the identity of what was sent. Most creates need none, and reading it from the content costs.
func (s *search) whose() *identity {
	if s.identity == nil {
		s.identity = newIdentity(s.sent)
	}
	return s.identity
}

// startSearch prepares for an outcome that is unknown. Where the caller dated the upload itself (a restore, a rerun),
// the date is no unique key, and the twins that are there already must be known.
func (c *call) startSearch(ctx context.Context) {
	sent := c.options.certificate
	if sent == nil || c.options.withoutReconcile {
		return
	}
	c.search = &search{client: c.client, sent: sent}
	c.client.uploads.begin(c.search)
	if !c.options.datedByCaller || !c.search.canTell() {
		return
	}
	all, _, err := c.client.listCertificates(ctx)
	c.search.blind = err != nil
	c.search.before = make(map[string]bool)
	for _, cert := range all {
		if c.search.whose().match(cert) != "" {
			c.search.before[cert.ID] = true
		}
	}
}

// canTell says whether looking for the certificate can tell anything.
func (s *search) canTell() bool { return s != nil && !s.blind && len(s.whose().subjects) > 0 }

// rivals is how many other calls of the client, still under way, may have sent what looks like a record of ours.
func (s *search) rivals(m match) (n int) {
	if m.isSure {
		return 0
	}
	for _, other := range s.client.uploads.others(s) {
		if s.whose().match(other.sent) != "" {
			n++
		}
	}
	return n
}

// match is a record that is ours, and how it was recognised.
type match struct {
	certificate *EnterpriseCodeSigningCertificate
	by          MatchedBy
	isSure      bool // no other call can have sent it: it has our date to 100 ns
}

// look returns the records that are ours: those of the same identity with the uploadDateTime that was sent or, where
// the service dates uploads itself, a date by its clock that is not before the first attempt of unknown outcome.
func (s *search) look(ctx context.Context, since time.Time) ([]match, error) {
	all, clock, err := s.client.listCertificates(ctx)
	if err != nil {
		return nil, err
	}
	const margin = 2 * time.Second // Date has whole seconds
	earliest, latest := since.Add(clock.ahead-margin), time.Now().Add(clock.ahead+margin)
	taken := s.client.uploads.datesOfOthers(s)
	var byDate, byWindow []match
	for _, cert := range all {
		if s.before[cert.ID] || s.client.uploads.has(cert.ID) {
			continue // it was there before, or another call of this client has it in hand
		}
		by, date := s.whose().match(cert), cert.UploadDateTime
		isOurDate := isSameDate(s.sent.UploadDateTime, date)
		switch {
		case by == "" && isOurDate && s.isPuzzling(cert):
			return nil, errPuzzling
		case by == "":
		case isOurDate:
			if by == MatchedByNames {
				by = MatchedByUploadDateTime
			}
			byDate = append(byDate, match{cert, by, date.Nanosecond() != 0 && date.Equal(s.sent.UploadDateTime.Truncate(tick))})
		case taken[date.UnixNano()]:
		case !clock.isKnown && !s.client.uploads.datesKept.Load():
			return nil, errNoClock
		case date.Before(earliest) || date.After(latest):
		default:
			byWindow = append(byWindow, match{cert, by, false})
		}
	}
	if slices.ContainsFunc(byDate, func(m match) bool { return m.isSure }) {
		return slices.DeleteFunc(byDate, func(m match) bool { return !m.isSure }), nil
	}
	if len(byDate) > 0 || s.client.uploads.datesKept.Load() {
		return byDate, nil
	}
	return byWindow, nil
}

// Records of which it cannot be said whether they are ours. Another look tells no more.
var (
	errPuzzling = &lookError{"a certificate has the uploadDateTime and the expiration of ours, but other names"}
	errNoClock  = &lookError{"a certificate has our names and another date, and the service does not tell its time"}
)

type lookError struct{ problem string }

func (e *lookError) Error() string { return e.problem }

// isPuzzling says that a record with our exact date, which is not of the caller's making, expires when ours does. Its
// names may be ours in a spelling that we do not know.
func (s *search) isPuzzling(cert *EnterpriseCodeSigningCertificate) bool {
	return s.before == nil && cert.UploadDateTime.Nanosecond() != 0 && s.whose().expires(cert)
}

// MatchedBy says how a certificate was recognised in the tenant.
type MatchedBy string

// The values of MatchedBy.
const (
	MatchedByContent        MatchedBy = "content"        // the record has the same content
	MatchedByUploadDateTime MatchedBy = "uploadDateTime" // the record has the date that was sent
	MatchedByNames          MatchedBy = "names"          // the record has the same names and expiration
)
