// Package soak_test creates certificates at an emulator that fails at random, over real sockets, and counts wrong results
// and duplicates: by this library, and for comparison by go-retryablehttp's default policy.
//
//	INTUNE_SOAK_CREATES=10000 go test -v ./test/soak
package soak_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	defaultCreates = "100"
	workers        = 16
	faultRate      = 0.3 // the probability that a request is struck by a fault
)

// perTenant is how many creates go to one emulated tenant before the next one: real tenants hold few certificates.
const perTenant = 250

// window stands for the 30 seconds of the default policy's ReconcileWindow. No commit becomes visible as late as that.
const window = 200 * time.Millisecond

// faults strike one request each. What is carried out in spite of them becomes visible within a quarter of window.
var faults = []intunetest.Fault{
	{Status: 500}, {Status: 500, Committed: true},
	{Status: 502, Gateway: true}, {Status: 502, Gateway: true, Committed: true},
	{Status: 503, Gateway: true}, {Status: 503, Gateway: true, Committed: true},
	{Status: 504, Gateway: true}, {Status: 504, Gateway: true, Committed: true},
	{Status: 504, Gateway: true, Committed: true, VisibleAfter: window / 4},
	{Status: 429}, {Status: 429, RetryAfter: "0"}, {Status: 503}, {Status: 503, RetryAfter: "0"},
	{Drop: intunetest.DropBeforeReading}, {Drop: intunetest.DropWhileReading}, {Drop: intunetest.DropAfterReading},
	{Drop: intunetest.DropAfterCommit}, {Drop: intunetest.DropAfterCommit, VisibleAfter: window / 4}, {Drop: intunetest.DropInResponse},
	{Delay: 5 * time.Millisecond}, {ResponseDelay: 5 * time.Millisecond},
}

// result is what a create came to, as its caller was told.
type result struct {
	id         string // "" if it failed
	unknown    bool   // the caller was told that the outcome is unknown
	reconciled bool
}

// creator creates the certificate with a subject.
type creator func(ctx context.Context, subject string) result

type counts struct{ created, reconciled, failed, unknown, wrong, duplicated, requests int }

func TestSoak(t *testing.T) {
	creates, err := strconv.Atoi(cmp.Or(os.Getenv("INTUNE_SOAK_CREATES"), defaultCreates))
	if err != nil {
		t.Fatal(err)
	}
	t.Log("| policy | created | reconciled | failed | unknown | wrong results | duplicated | requests |")
	if ours := soak(t, "intune-go", creates, careful); ours.wrong > 0 || ours.duplicated > 0 {
		t.Errorf("%d wrong results, %d duplicated", ours.wrong, ours.duplicated)
	}
	if theirs := soak(t, "go-retryablehttp's default", creates, careless); theirs.duplicated == 0 {
		t.Error("the faults do no harm to a client that ignores them")
	}
}

func soak(t *testing.T, policy string, creates int, connect func(*testing.T, *intunetest.Server) creator) (total counts) {
	t.Helper()
	for first := 0; first < creates; first += perTenant {
		server := intunetest.NewServer(t, intunetest.WithoutQuota(), intunetest.WithSeed(uint64(first)))
		each := faultRate / float64(len(faults))
		for i, fault := range faults {
			fault.Rate = each / (1 - float64(i)*each) // of the requests that the faults before it have left
			server.Inject(fault)
		}
		results := run(connect(t, server), first, min(first+perTenant, creates))
		total.add(results, server)
		server.Close()
	}
	t.Logf("| %s | %d | %d | %d | %d | **%d** | **%d** | %d |", policy,
		total.created, total.reconciled, total.failed, total.unknown, total.wrong, total.duplicated, total.requests)
	return total
}

// run creates the certificates of one tenant and returns what came of each, by its subject.
func run(create creator, from, to int) map[string]result {
	subjects := make(chan string)
	results := make(map[string]result)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for subject := range subjects {
				r := create(context.Background(), subject)
				mu.Lock()
				results[subject] = r
				mu.Unlock()
			}
		})
	}
	for i := from; i < to; i++ {
		subjects <- fmt.Sprintf("CN=Soak %d, O=Contoso", i)
	}
	close(subjects)
	wait.Wait()
	return results
}

// careful creates by this library.
func careful(_ *testing.T, server *intunetest.Server) creator {
	client := server.Client(intune.WithQuota(), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 8, MinDelay: 2 * time.Millisecond, MaxDelay: window, ReconcileWindow: window}))
	return func(ctx context.Context, subject string) result {
		cert := &intune.EnterpriseCodeSigningCertificate{Subject: subject}
		var meta intune.Response
		created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, cert, intune.WithResponse(&meta))
		r := result{unknown: errors.As(err, new(*intune.OutcomeUnknownError)), reconciled: meta.Reconciled}
		if created != nil {
			r.id = created.ID
		}
		return r
	}
}

// add compares what the callers were told with what the tenant holds.
func (c *counts) add(results map[string]result, server *intunetest.Server) {
	held := make(map[string][]string)
	for _, cert := range server.Certificates() {
		held[cert.Subject] = append(held[cert.Subject], cert.ID)
	}
	count := func(condition bool, into *int) {
		if condition {
			*into++
		}
	}
	for subject, r := range results {
		ids := held[subject]
		count(r.id != "", &c.created)
		count(r.reconciled, &c.reconciled)
		count(r.unknown, &c.unknown)
		count(r.id == "" && !r.unknown, &c.failed)
		count(len(ids) > 1, &c.duplicated)
		isThere := len(ids) > 0
		count(r.id != "" && !isThere || r.id == "" && isThere && !r.unknown, &c.wrong)
	}
	c.requests += len(server.Requests())
}
