package createmodel

// This file carries out a plan.

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// firstDay is when the first run begins. In synctest's bubbles it is the year 2000, before which no date is shown.
var firstDay = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// result is what a create has returned.
type result struct {
	got      *intune.EnterpriseCodeSigningCertificate
	err      error
	response intune.Response
	began    time.Time
	ended    time.Time
	changed  bool // its argument was modified
}

// run is a plan that is being carried out, or has been.
type run struct {
	plan    *plan
	service *service
	results []result
	first   time.Time // when the first create was to begin
}

// newRun carries out a plan, from the beginning of the next day on.
func newRun(t *testing.T, p *plan) *run {
	t.Helper()
	time.Sleep(time.Until(nextDay()) + p.start)
	r := &run{plan: p, results: make([]result, len(p.creates))}
	r.first = time.Now().Add(p.creates[0].wait)
	r.service = newService(p, r.first)
	client, err := intune.NewClient(intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "the-access-token-of-the-model"})),
		intune.WithHTTPClient(&http.Client{Transport: r.service}), intune.WithRetry(p.retry))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range p.creates {
		time.Sleep(p.creates[i].wait)
		group.Go(func() { r.create(t.Context(), client, i) })
		if p.inTurn {
			group.Wait()
		}
	}
	group.Wait()
	return r
}

func nextDay() time.Time {
	now := time.Now()
	if now.Before(firstDay) {
		return firstDay
	}
	return now.Truncate(day).Add(day)
}

// create carries out one create.
func (r *run) create(ctx context.Context, client *intune.Client, index int) {
	planned, res := &r.plan.creates[index], &r.results[index]
	res.began = time.Now()
	if planned.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, planned.deadline)
		defer cancel()
	}
	if planned.cancel > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		defer time.AfterFunc(planned.cancel, cancel).Stop()
	}
	cert := planned.certificate.in(planned.form)
	cert.UploadDateTime = planned.callersDate(res.began)
	before := cert.String()
	opts := []intune.RequestOption{intune.WithHeader(createHeader, fmt.Sprint(index)), intune.WithResponse(&res.response)}
	if planned.isBlind {
		opts = append(opts, intune.WithoutReconcile())
	}
	res.got, res.err = client.EnterpriseCodeSigningCertificates().Create(ctx, cert, opts...)
	res.ended = time.Now()
	res.changed = cert.String() != before
}

// String describes the run for a person: its plan, its requests, and what came of it.
func (r *run) String() string {
	var out strings.Builder
	out.WriteString(r.plan.String())
	at := func(t time.Time) string { return fmt.Sprintf("%9.3fs", t.Sub(r.first).Seconds()) }
	for _, req := range r.service.requests {
		name, detail := "GET", req.detail
		if req.isFirstPage {
			name = "GET first"
		}
		if req.create >= 0 {
			name = fmt.Sprintf("POST of create %d", req.create)
		}
		if req.record != nil {
			detail += ": " + req.record.id
		}
		fate := ""
		if req.fate != nil {
			fate = req.fate.name
		}
		fmt.Fprintf(&out, "%s to %s %s: %s, %s, %v\n", at(req.began), at(req.ended), name, fate, detail, req.err)
	}
	for _, held := range r.service.records {
		fmt.Fprintf(&out, "held: %s, committed %s, in listings %s as %s\n", held, at(held.committed), at(held.shows), r.plan.habits.listed(held))
	}
	for i, res := range r.results {
		fmt.Fprintf(&out, "create %d, %s to %s: %v, %v, reconciled %v by %q\n",
			i, at(res.began), at(res.ended), res.got, res.err, res.response.Reconciled, res.response.MatchedBy)
	}
	return out.String()
}
