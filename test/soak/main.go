// Soak creates many certificates at an emulator that fails at random, over real sockets, and counts what was lost and
// what was duplicated. With -naive it does so by go-retryablehttp's default policy instead, for comparison.
//
//	go run ./test/soak -creates 10000 -workers 16 -faults 0.3 -seed 1
//
// It exits with 1 if anything was lost or duplicated, except with -naive.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
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

type counts struct {
	created, reconciled, failed, unknown, lost, duplicated, requests int
	wall                                                             time.Duration
}

func main() {
	creates := flag.Int("creates", 10_000, "how many certificates to create")
	workers := flag.Int("workers", 16, "how many at once")
	rate := flag.Float64("faults", 0.3, "the probability that a request is struck by a fault")
	seed := flag.Uint64("seed", 1, "of the faults")
	naive := flag.Bool("naive", false, "use go-retryablehttp's default policy")
	flag.Parse()

	total, err := soak(*creates, *workers, *rate, *seed, *naive)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	total.print(*naive)
	if !*naive && (total.lost > 0 || total.duplicated > 0) {
		os.Exit(1)
	}
}

func soak(creates, workers int, rate float64, seed uint64, naive bool) (*counts, error) {
	total := new(counts)
	began := time.Now()
	for first := 0; first < creates; first += perTenant {
		server, err := intunetest.Start(intunetest.WithoutQuota(), intunetest.WithRandomFaults(seed*1_000_003+uint64(first), rate, faults...))
		if err != nil {
			return nil, err
		}
		create := careful(server)
		if naive {
			create, err = careless(server)
		}
		if err == nil {
			results := run(create, first, min(first+perTenant, creates), workers)
			total.add(results, server)
		}
		server.Close()
		if err != nil {
			return nil, err
		}
	}
	total.wall = time.Since(began)
	return total, nil
}

// run creates the certificates of one tenant and returns what came of each, by its subject.
func run(create creator, from, to, workers int) map[string]result {
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
func careful(server *intunetest.Server) creator {
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
		count(r.id != "" && !isThere || r.id == "" && isThere && !r.unknown, &c.lost)
	}
	c.requests += len(server.Requests())
}

func (c *counts) print(naive bool) {
	policy := "intune-go"
	if naive {
		policy = "go-retryablehttp's default"
	}
	fmt.Println("| policy | created | reconciled | failed | unknown | lost | duplicated | requests | wall time |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	fmt.Printf("| %s | %d | %d | %d | %d | **%d** | **%d** | %d | %s |\n",
		policy, c.created, c.reconciled, c.failed, c.unknown, c.lost, c.duplicated, c.requests, c.wall.Round(100*time.Millisecond))
}
