package intune

// This file finds out what became of a create whose answer was lost.

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-230b9595/intune-go/internal/dn"
)

// reconcile follows an attempt of unknown outcome. Either the call is settled then, or the certificate is believed to
// be absent and may be sent again. It looks at once, then after MinDelay, doubling. Absence is believed only when a look
// that began at least MaxDelay after the attempt ended does not show it: a commit may become visible late.
func (c *call) reconcile(ctx context.Context, cause error) {
	if !c.search.canTell() {
		c.settle(c.outcomeUnknown(cause))
		return
	}
	believable := c.lastUnknown.ended.Add(c.client.retry.MaxDelay)
	for pause := c.client.retry.MinDelay; ; pause *= 2 {
		isLast := !time.Now().Before(believable)
		found, err := c.search.look(ctx, c.firstUnknown.started)
		if len(found) > 0 {
			c.settleFound(found)
			return
		}
		if err == nil && isLast && c.attempts < c.client.retry.MaxAttempts {
			return
		}
		if err != nil && (isLast || !mayPass(err)) {
			cause = fmt.Errorf("%w; and the certificates cannot be listed: %w", cause, err)
		}
		if isLast || err != nil && !mayPass(err) || !sleepUntil(ctx, nextLook(ctx, pause, believable)) {
			c.settle(c.outcomeUnknown(cause))
			return
		}
	}
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

// sleepUntil says whether the time has come before the context ended. A wait that would outlast it is not begun.
func sleepUntil(ctx context.Context, until time.Time) bool {
	if deadline, ok := ctx.Deadline(); ok && !until.Before(deadline) {
		return false
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// conclude ends a call with an error. After an attempt of unknown outcome none stands alone, because it would read as
// if nothing had been created: the certificate is looked for once more, and else the outcome is unknown.
func (c *call) conclude(ctx context.Context, err error) {
	if c.firstUnknown == nil || isRepeatable(c.method) {
		c.settle(err)
		return
	}
	if c.search.canTell() {
		if found, _ := c.search.look(ctx, c.firstUnknown.started); len(found) > 0 {
			c.settleFound(found)
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
	c.client.uploads.learn(c.options.certificate, created)
	if c.firstUnknown == nil || !c.search.canTell() {
		return
	}
	if others, _ := c.search.look(ctx, c.firstUnknown.started); len(others) > 0 {
		c.settle(duplicateError(created, others))
	}
}

// settleFound ends a create whose certificate was found in the tenant.
func (c *call) settleFound(found []match) {
	created := c.options.created
	*created = *found[0].certificate
	c.matchedBy = found[0].by
	c.client.logger.Debug("intune: reconciled", "id", created.ID, "matchedBy", c.matchedBy, "clientRequestId", c.clientRequestID)
	c.client.uploads.learn(c.options.certificate, created)
	c.settle(nil)
	if len(found) > 1 {
		c.settle(duplicateError(created, found[1:]))
	}
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
	return !errors.As(err, new(*AuthError))
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

// match is a record that is ours, and how it was recognised.
type match struct {
	certificate *EnterpriseCodeSigningCertificate
	by          string
}

// look returns the records that are ours: those of the same identity with the uploadDateTime that was sent or, where
// the service dates uploads itself, a date by its clock that is not before the first attempt of unknown outcome.
func (s *search) look(ctx context.Context, since time.Time) ([]match, error) {
	all, ahead, err := s.client.listCertificates(ctx)
	if err != nil {
		return nil, err
	}
	const margin = 2 * time.Second // an HTTP date has whole seconds
	earliest, latest := since.Add(ahead-margin), time.Now().Add(ahead+margin)
	var byDate, byWindow []match
	for _, cert := range all {
		if s.before[cert.ID] || s.client.uploads.has(cert.ID) {
			continue // it was there before, or another call of this client has created it
		}
		isOurDate := isSameDate(s.sent.UploadDateTime, cert.UploadDateTime)
		if !isOurDate && (cert.UploadDateTime.Before(earliest) || cert.UploadDateTime.After(latest)) {
			continue
		}
		switch by := s.whose().match(cert); {
		case by == "":
		case isOurDate:
			byDate = append(byDate, match{cert, strings.Replace(by, "names", "uploadDateTime", 1)})
		default:
			byWindow = append(byWindow, match{cert, by})
		}
	}
	if len(byDate) > 0 || s.client.uploads.keepDates() {
		return byDate, nil
	}
	return byWindow, nil
}

// isSameDate compares a date with what a service has made of it, which may have cut it to a coarser unit.
func isSameDate(sent, kept time.Time) bool {
	for _, unit := range []time.Duration{100 * time.Nanosecond, time.Microsecond, time.Millisecond, time.Second} {
		if sent.Truncate(unit).Equal(kept) {
			return true
		}
	}
	return false
}

// identity is what makes two records the same certificate. What is empty was not sent and is not compared.
type identity struct {
	content           []byte
	subjects, issuers []string // each name in every form that was sent
	expirations       []time.Time
}

func newIdentity(sent *EnterpriseCodeSigningCertificate) *identity {
	i := &identity{content: sent.Content}
	for _, cert := range []*EnterpriseCodeSigningCertificate{sent.parsed(), sent} {
		if subject := cmp.Or(cert.Subject, cert.SubjectName); subject != "" {
			i.subjects = append(i.subjects, subject)
		}
		if issuer := cmp.Or(cert.Issuer, cert.IssuerName); issuer != "" {
			i.issuers = append(i.issuers, issuer)
		}
		if !cert.ExpirationDateTime.IsZero() {
			i.expirations = append(i.expirations, cert.ExpirationDateTime)
		}
	}
	return i
}

// parsed is what Content says, nothing where it is not a certificate.
func (c *EnterpriseCodeSigningCertificate) parsed() *EnterpriseCodeSigningCertificate {
	cert, err := c.X509()
	if err != nil {
		return new(EnterpriseCodeSigningCertificate)
	}
	return FromX509(cert)
}

// match says whether a record is the same certificate, by "content" or by "names", or "".
func (i *identity) match(cert *EnterpriseCodeSigningCertificate) string {
	if len(cert.Content) > 0 && len(i.content) > 0 {
		if bytes.Equal(cert.Content, i.content) {
			return "content"
		}
		return ""
	}
	sameSecond := func(t time.Time) bool { return t.Unix() == cert.ExpirationDateTime.Unix() }
	if len(i.expirations) > 0 && !slices.ContainsFunc(i.expirations, sameSecond) ||
		!hasName(i.subjects, cmp.Or(cert.Subject, cert.SubjectName)) ||
		len(i.issuers) > 0 && !hasName(i.issuers, cmp.Or(cert.Issuer, cert.IssuerName)) {
		return ""
	}
	return "names"
}

func hasName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return dn.Same(n, name) })
}

// uploads is what a client has learned from its creates.
type uploads struct {
	mu             sync.Mutex
	datesKept      bool // the service keeps the uploadDateTime that was sent
	recent, lessSo map[string]bool
	lessSoUntil    time.Time
}

// learn notes a certificate that a call has in hand: no other call may take it for its own.
func (u *uploads) learn(sent, created *EnterpriseCodeSigningCertificate) {
	const generation = time.Hour // longer than a call searches
	u.mu.Lock()
	defer u.mu.Unlock()
	if now := time.Now(); u.recent == nil || now.After(u.lessSoUntil) {
		u.recent, u.lessSo, u.lessSoUntil = make(map[string]bool), u.recent, now.Add(generation)
	}
	u.recent[created.ID] = true
	if !created.UploadDateTime.IsZero() {
		u.datesKept = isSameDate(sent.UploadDateTime, created.UploadDateTime)
	}
}

func (u *uploads) has(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.recent[id] || u.lessSo[id]
}

func (u *uploads) keepDates() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.datesKept
}
