// Package measure is what the programs have in common: their command line, and how they measure their creates.
package measure

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What every program that signs in uses.
const (
	TenantID = "contoso.onmicrosoft.com"
	ClientID = "00000000-1111-2222-3333-444444444444"
	Secret   = "the~client~secret~of~the~benchmark"
)

// Token is as long as those of Microsoft Entra ID.
func Token() string { return "eyJ0eXAiOiJKV1Qi." + strings.Repeat("x", 2000) }

// Create creates one object. It is called by many workers at once.
type Create func(ctx context.Context) error

// Result is the line of JSON that a program prints. Its figures are those of the creates after the first one.
type Result struct {
	FirstCreated time.Time     `json:"firstCreated"`
	Elapsed      time.Duration `json:"elapsed"`
	Allocations  uint64        `json:"allocations"`
	Bytes        uint64        `json:"bytes"`
	PeakMemory   int64         `json:"peakMemory"` // resident bytes, 0 if the system does not tell
}

// Main is the main function of a program. connect returns what creates an object at the server with the given root.
func Main(connect func(root string, certificate []byte) (Create, error)) {
	root := flag.String("url", "", "the root of the server")
	file := flag.String("file", "", "the certificate to create, in DER")
	n := flag.Int("n", 1000, "how many creates to measure")
	workers := flag.Int("workers", 1, "how many create at the same time")
	first := flag.Bool("first", false, "stop after the first create, which is not among those measured")
	flag.Parse()
	if *first {
		*n = 0
	}
	if err := run(connect, *root, *file, *n, *workers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(connect func(string, []byte) (Create, error), root, file string, n, workers int) error {
	certificate, err := os.ReadFile(file) //nolint:gosec // the one that the benchmark names
	if err != nil {
		return err
	}
	create, err := connect(root, certificate)
	if err != nil {
		return err
	}
	result, err := Measure(context.Background(), create, n, workers)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// Measure creates one object, and then n more by so many workers.
func Measure(ctx context.Context, create Create, n, workers int) (Result, error) {
	if err := create(ctx); err != nil {
		return Result{}, err
	}
	result := Result{FirstCreated: time.Now()}
	if n == 0 {
		return result, nil
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	err := repeat(ctx, create, n, workers)
	result.Elapsed = time.Since(begin)
	runtime.ReadMemStats(&after)
	result.Allocations, result.Bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	result.PeakMemory = peakMemory()
	return result, err
}

// repeat returns the first error, after which nobody begins another create.
func repeat(ctx context.Context, create Create, n, workers int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var begun atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for begun.Add(1) <= int64(n) && ctx.Err() == nil {
				if err := create(ctx); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// peakMemory reads what Linux says. Getrusage would not do: its maximum begins with that of the process that forked.
func peakMemory() int64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer func() { _ = status.Close() }()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			var kibibytes int64
			_, _ = fmt.Sscan(value, &kibibytes)
			return kibibytes << 10
		}
	}
	return 0
}
