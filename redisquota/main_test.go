package redisquota_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
	"github.com/seed-230b9595/intune-go/redisquota"
)

const workerVariable = "REDISQUOTA_WORKER"

// TestMain runs the tests, or a worker if the environment has one.
func TestMain(m *testing.M) {
	logging.Disable() // the client's lines about connections that fail
	settings := os.Getenv(workerVariable)
	if settings == "" {
		os.Exit(m.Run())
	}
	var w worker
	err := json.Unmarshal([]byte(settings), &w)
	if err == nil {
		err = w.run(context.Background())
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "worker: %v\n", err)
		os.Exit(1)
	}
}

// worker is a process that creates certificates and shares its quota through Redis.
type worker struct {
	Redis      string
	Emulator   string
	Creates    int
	Goroutines int
	Writes     int // of the quota
	Window     time.Duration
	Fallback   int
}

func quotaOf(writes int, window time.Duration) []intune.Quota {
	return []intune.Quota{
		{Requests: writes, Window: window, Methods: intune.IntuneAppsQuota()[0].Methods},
		{Requests: 10 * writes, Window: window},
	}
}

func (w *worker) run(ctx context.Context) error {
	client := redis.NewClient(&redis.Options{Addr: w.Redis})
	defer func() { _ = client.Close() }()
	opts := []redisquota.Option{redisquota.WithQuota(quotaOf(w.Writes, w.Window)...), redisquota.WithLogger(slog.New(slog.DiscardHandler))}
	if w.Fallback > 0 {
		opts = append(opts, redisquota.WithFallback(w.Fallback))
	}
	limiter, err := redisquota.New(client, "fleet", opts...)
	if err != nil {
		return err
	}
	graph, err := intune.NewClient(intune.ClientSecretCredential(intunetest.TenantID, intunetest.ClientID, intunetest.ClientSecret),
		intune.WithBaseURL(w.Emulator), intune.WithAuthorityURL(w.Emulator), intune.WithLimiter(limiter))
	if err != nil {
		return err
	}
	names := make(chan string)
	failures := make(chan error, w.Creates)
	var workers sync.WaitGroup
	for range w.Goroutines {
		workers.Go(func() {
			for name := range names {
				cert := &intune.EnterpriseCodeSigningCertificate{Subject: name}
				if _, err := graph.EnterpriseCodeSigningCertificates().Create(ctx, cert); err != nil {
					failures <- err
				}
			}
		})
	}
	for i := range w.Creates {
		names <- fmt.Sprintf("CN=Contoso %d-%d", os.Getpid(), i)
	}
	close(names)
	workers.Wait()
	close(failures)
	return <-failures
}
