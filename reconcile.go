package intune

// This file finds out what became of a create whose response was lost. internal/match has the rules by which it recognizes
// the record.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/event"
	"github.com/seed-230b9595/intune-go/internal/match"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// reconciliation is the recovery of a create.
type reconciliation struct {
	client       *Client
	sent         *EnterpriseCodeSigningCertificate // as it is sent
	upload       *match.Upload
	listedBefore map[string]bool // the ids of records that were there before; nil if that is not known
	out          *received       // where the result goes; it holds the object of a 201
	response     *Response       // the caller's, nil for none
	isDisabled   bool            // by WithoutReconcile

	undecided map[string]*EnterpriseCodeSigningCertificate // the records that may be the certificate, of all looks, by id
	overflows bool                                         // there were more than mostCandidates of them
	lookedFor int                                          // the number of attempts after which absence was believed
}

func (r *reconciliation) sending() { r.client.uploads.Begin(r.upload) }

// lost looks for the certificate until ReconcileWindow after the attempt. Absence is believed only if a complete listing
// that began then does not show it, and no look has left a record that may be the certificate.
func (r *reconciliation) lost(ctx context.Context, h history, cause error) (finding, error) {
	if r.isDisabled {
		return unclear, r.unknown(ctx, h, cause)
	}
	r.log(ctx, event.Reconciling, slog.String("cause", cause.Error()))
	until := h.lostAt.Add(r.client.pipeline.retry.ReconcileWindow)
	seen, failure := r.lookUntil(ctx, h, until, func(seen *look) bool { return len(seen.ours) > 0 })
	switch {
	case len(seen.ours) > 0:
		return found, r.found(ctx, seen.ours)
	case failure != nil:
		return unclear, r.unknown(ctx, h, fmt.Errorf("%w; %w", cause, failure))
	case len(r.undecided) > 0 || r.overflows:
		return unclear, r.unknown(ctx, h, cause)
	}
	r.lookedFor = h.attempts
	r.log(ctx, event.Reconciled, slog.String("result", string(absent)))
	return absent, nil
}

// lookUntil looks again and again until it is done, or the time is over. The error says why the last look was not complete.
func (r *reconciliation) lookUntil(ctx context.Context, h history, until time.Time, isDone func(*look) bool) (seen *look, err error) {
	ended := r.client.poll(ctx, until, func() bool {
		seen, err = r.look(ctx, h)
		return isDone(seen) || isFinalForLooks(err)
	})
	switch {
	case ended != nil:
		return seen, fmt.Errorf("%w before the search for the certificate ended", ended)
	case err != nil:
		return seen, fmt.Errorf("the certificates cannot be listed: %w", err)
	}
	return seen, nil
}

// isFinalForLooks reports whether the next listing would fail in the same way.
func isFinalForLooks(err error) bool {
	var rejection *APIError
	if errors.As(err, &rejection) {
		return rejection.StatusCode/100 == 4 && !rejection.isThrottling() && rejection.StatusCode != http.StatusRequestTimeout
	}
	return errors.As(err, new(*AuthError)) && !isTransient(err) || wire.IsFinal(err)
}

// succeeded follows a 201. If an attempt of unknown outcome went before, that one may have made a record as well.
func (r *reconciliation) succeeded(ctx context.Context, h history, date time.Time) error {
	r.client.uploads.Claim(r.out.certificate.ID, r.upload)
	if h.unknown == 0 {
		r.client.uploads.End(r.upload, false)
		return nil
	}
	clock := match.Clock{Ahead: date.Sub(h.ended), IsKnown: !date.IsZero()}
	object := r.out.certificate.shown()
	evidence := match.EvidenceOf(object)
	if verdict, _ := r.upload.Sent(h.began, h.ended).Judge(object, clock, evidence, func() match.Rivals { return match.Rivals{} }); verdict != match.Ours {
		return r.unknown(ctx, h, errHidden)
	}
	return r.confirm(ctx, h)
}

// errHidden says that the certificate could not be recognized, so that a record of an earlier attempt could not either.
var errHidden = errors.New("the service does not show enough to find out whether an earlier attempt also succeeded")

// confirm lists until the record of the 201 shows, and with it any record of an earlier attempt, for ReconcileWindow at
// most.
func (r *reconciliation) confirm(ctx context.Context, h history) error {
	until := time.Now().Add(r.client.pipeline.retry.ReconcileWindow)
	seen, failure := r.lookUntil(ctx, h, until, func(seen *look) bool {
		return len(seen.ours) > 1 || seen.isComplete && seen.showsCreated && len(r.undecided) == 0
	})
	const doubt = "an earlier attempt may also have succeeded"
	switch {
	case len(seen.ours) > 1:
		return r.found(ctx, seen.ours)
	case failure != nil:
		return r.unknown(ctx, h, fmt.Errorf(doubt+": %w", failure))
	case !seen.showsCreated:
		return r.unknown(ctx, h, fmt.Errorf(doubt+", and the record %s does not show up", r.out.certificate.ID))
	case seen.created == match.NotOurs:
		return r.unknown(ctx, h, errHidden)
	case len(r.undecided) > 0 || r.overflows:
		return r.unknown(ctx, h, errors.New(doubt))
	}
	r.client.uploads.End(r.upload, false)
	return nil
}

// failed looks once more, unless that has just been done.
func (r *reconciliation) failed(ctx context.Context, h history, cause error) error {
	if h.unknown == 0 {
		r.client.uploads.End(r.upload, false)
		return cause
	}
	if !r.isDisabled && r.lookedFor != h.attempts {
		if seen, _ := r.look(ctx, h); len(seen.ours) > 0 {
			return r.found(ctx, seen.ours)
		}
	}
	return r.unknown(ctx, h, cause)
}

// found ends a create with the record of ours. It is a *DuplicateError if there are several.
func (r *reconciliation) found(ctx context.Context, records []Match) error {
	sortMatches(records)
	result := records[0]
	r.out.certificate = result.Certificate
	if r.response != nil {
		r.response.Reconciled, r.response.MatchedBy = true, result.By
	}
	r.log(ctx, event.Reconciled, slog.String("result", string(found)), slog.String(event.ID, result.Certificate.ID), slog.String("matchedBy", string(result.By)))
	r.client.uploads.End(r.upload, false)
	if len(records) == 1 {
		return nil
	}
	e := &DuplicateError{Certificate: result.Certificate}
	for _, other := range records[1:] {
		e.OtherIDs = append(e.OtherIDs, other.Certificate.ID)
	}
	slices.Sort(e.OtherIDs)
	return e
}

// unknown ends a create without knowing what it has done.
func (r *reconciliation) unknown(ctx context.Context, h history, cause error) error {
	r.log(ctx, event.Reconciled, slog.String("result", string(unclear)))
	r.client.uploads.End(r.upload, true)
	e := h.outcomeUnknown(cause)
	e.UploadDateTime, e.Thumbprint = r.sent.UploadDateTime, r.sent.Thumbprint()
	e.Candidates = slices.SortedFunc(maps.Values(r.undecided), func(a, b *EnterpriseCodeSigningCertificate) int { return cmp.Compare(a.ID, b.ID) })
	return e
}

// log records a step of the recovery. The certificate is named by its upload date.
func (r *reconciliation) log(ctx context.Context, message string, attrs ...slog.Attr) {
	attrs = present(append(attrs, slog.String(event.UploadDateTime, formatTime(r.sent.UploadDateTime)))...)
	r.client.pipeline.logger.LogAttrs(ctx, slog.LevelInfo, message, attrs...)
}

// look is one listing of the search.
type look struct {
	*reconciliation

	sent     *match.Sent
	isSingle bool // there was one attempt, so the first record of ours is the one
	clock    match.Clock
	evidence match.Evidence
	unclear  []*EnterpriseCodeSigningCertificate // that may be the certificate

	ours         []Match
	isComplete   bool
	showsCreated bool          // the record of the 201
	created      match.Verdict // on that record
}

// look lists the certificates and judges each. After a single attempt it ends with the first record of ours; otherwise
// it reads the listing to its end, or as far as it can. At the end it is known which attributes of names the service
// shows, so what was unclear is judged again.
func (r *reconciliation) look(ctx context.Context, h history) (*look, error) {
	l := &look{
		reconciliation: r, sent: r.upload.Sent(h.began, h.ended), isSingle: h.unknown == 1 && r.out.certificate == nil,
	}
	for page, err := range bounded(r.client.pages(ctx, certificatesPath, requestOptions{isLook: true})) {
		if err != nil {
			l.end()
			return l, err
		}
		if l.read(page); l.isOver() {
			return l, nil
		}
	}
	l.evidence.Complete()
	l.end()
	l.isComplete = true
	return l, nil
}

func (l *look) isOver() bool { return l.isSingle && len(l.ours) > 0 }

// read judges the records of a page, those with the date that was sent first.
func (l *look) read(page *page) {
	l.clock = page.clock
	for _, record := range page.Value {
		l.evidence.Add(record.shown())
	}
	for _, isExact := range []bool{true, false} {
		for _, record := range page.Value {
			if l.sent.HasExactDate(record.shown()) == isExact && !l.isOver() && l.consider(record) == match.CannotTell {
				l.postpone(record)
			}
		}
	}
}

// postpone leaves a record to the end of the listing.
func (l *look) postpone(record *EnterpriseCodeSigningCertificate) {
	if len(l.unclear) == mostCandidates {
		l.overflows = true
		return
	}
	l.unclear = append(l.unclear, record)
}

// end judges what was unclear by all that the listing has shown, and keeps what still is.
func (l *look) end() {
	for _, record := range l.unclear {
		if !l.isOver() && l.consider(record) == match.CannotTell {
			l.keep(record)
		}
	}
}

// consider judges a record, and notes it if it is ours.
func (l *look) consider(record *EnterpriseCodeSigningCertificate) match.Verdict {
	verdict, by := l.judge(record)
	if created := l.out.certificate; created != nil && record.ID == created.ID {
		l.showsCreated, l.created = true, verdict
		verdict, by = match.Ours, MatchedBy(l.sent.By(record.shown(), true))
		delete(l.undecided, record.ID)
	}
	if verdict == match.Ours && l.client.uploads.Claim(record.ID, l.upload) {
		l.ours = append(l.ours, Match{record, by})
	}
	return verdict
}

func (l *look) judge(record *EnterpriseCodeSigningCertificate) (match.Verdict, MatchedBy) {
	if record.ID != "" && (l.listedBefore[record.ID] || l.client.uploads.BelongsToAnother(record.ID, l.upload)) {
		delete(l.undecided, record.ID)
		return match.NotOurs, ""
	}
	shown := record.shown()
	verdict, by := l.sent.Judge(shown, l.clock, l.evidence, func() match.Rivals {
		return l.client.uploads.Rivals(shown, l.evidence, l.upload)
	})
	if verdict == match.Ours && record.ID == "" {
		verdict = match.CannotTell // a result has an id
	}
	return verdict, MatchedBy(by)
}

// mostCandidates bounds what a hostile listing costs.
const mostCandidates = 20

func (r *reconciliation) keep(record *EnterpriseCodeSigningCertificate) {
	if r.undecided == nil {
		r.undecided = make(map[string]*EnterpriseCodeSigningCertificate)
	}
	if r.undecided[record.ID] == nil && len(r.undecided) == mostCandidates {
		r.overflows = true
		return
	}
	r.undecided[record.ID] = record
}
