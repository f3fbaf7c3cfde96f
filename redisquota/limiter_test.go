package redisquota_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
	"github.com/seed-230b9595/intune-go/redisquota"
)

// newLimiter returns a Limiter whose key is the name of the test.
func newLimiter(tb testing.TB, client redis.UniversalClient, opts ...redisquota.Option) *redisquota.Limiter {
	tb.Helper()
	limiter, err := redisquota.New(client, tb.Name(), opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return limiter
}

// once is a quota that the first request uses up for a time.
func once(window time.Duration) redisquota.Option {
	return redisquota.WithQuota(intune.Quota{Requests: 1, Window: window})
}

func mustWait(t *testing.T, limiter intune.Limiter) {
	t.Helper()
	if err := limiter.Wait(t.Context(), "POST"); err != nil {
		t.Fatal(err)
	}
}

// wantLongWait checks that a request would have to wait for about an hour. It is not begun, because its context ends sooner.
func wantLongWait(t *testing.T, limiter intune.Limiter) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	if err := limiter.Wait(ctx, "POST"); intune.RetryAfter(err) < 30*time.Minute || ctx.Err() != nil {
		t.Errorf("got %v, want that its wait would be too long", err)
	}
}

func TestNewRejectsWhatItCannotUse(t *testing.T) {
	client := redis.NewClient(&redis.Options{})
	defer func() { _ = client.Close() }()
	tests := map[string]struct {
		client redis.UniversalClient
		key    string
		opts   []redisquota.Option
	}{
		"no client":           {nil, "key", nil},
		"no key":              {client, "", nil},
		"a hash tag":          {client, "{key}", nil},
		"no logger":           {client, "key", []redisquota.Option{redisquota.WithLogger(nil)}},
		"no requests":         {client, "key", []redisquota.Option{redisquota.WithQuota(intune.Quota{Window: time.Second})}},
		"no window":           {client, "key", []redisquota.Option{redisquota.WithQuota(intune.Quota{Requests: 1})}},
		"too many processes":  {client, "key", []redisquota.Option{redisquota.WithFallback(101)}},
		"a negative fallback": {client, "key", []redisquota.Option{redisquota.WithFallback(-1)}},
		"a fallback of none":  {client, "key", []redisquota.Option{redisquota.WithFallback(0)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			limiter, err := redisquota.New(test.client, test.key, test.opts...)
			if !errors.As(err, new(*intune.InputError)) || limiter != nil {
				t.Errorf("got %v, %v", limiter, err)
			}
		})
	}
}

func TestWaitEndsWithTheContextAndGivesTheTurnBack(t *testing.T) {
	server := startRedis(t)
	limiter, client := newLimiter(t, server.client(t), once(time.Hour)), server.client(t)
	mustWait(t, limiter)
	var turns [2]int64
	for i := range turns {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- limiter.Wait(ctx, "POST") }()
		eventually(t, "it has a turn", func() bool { return len(scores(t, client, t.Name(), 0)) == 2 })
		turns[i] = slices.Max(slices.Collect(maps.Values(scores(t, client, t.Name(), 0))))
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		eventually(t, "the turn is back", func() bool { return len(scores(t, client, t.Name(), 0)) == 1 })
	}
	if turns[0] != turns[1] {
		t.Errorf("the turns were %v, want the one that was given back", turns)
	}
}

func TestWaitDoesNotBeginWhatWouldOutlastTheContext(t *testing.T) {
	server := startRedis(t)
	limiter := newLimiter(t, server.client(t), once(time.Hour))
	mustWait(t, limiter)
	client := intunetest.NewServer(t).Client(intune.WithLimiter(limiter))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	_, err := client.EnterpriseCodeSigningCertificates().Get(ctx, "id")
	if !errors.Is(err, intune.ErrThrottled) || !strings.Contains(err.Error(), "another ") || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
	eventually(t, "the turn is back", func() bool { return len(scores(t, server.client(t), t.Name(), 0)) == 1 })
}

func TestPauseHoldsBackOtherProcesses(t *testing.T) {
	server := startRedis(t)
	throttled, other := newLimiter(t, server.client(t)), newLimiter(t, server.client(t))
	mustWait(t, other)
	throttled.Pause(time.Hour)
	throttled.Pause(time.Millisecond) // does not shorten it
	wantLongWait(t, other)
}

// TestPauseHoldsBackThoseWhoWaitAlready: they have a turn from before the pause.
func TestPauseHoldsBackThoseWhoWaitAlready(t *testing.T) {
	t.Parallel()
	const window = 10 * time.Second // more than a loaded machine needs for the pause
	server := startRedis(t)
	client := server.client(t)
	throttled, other := newLimiter(t, server.client(t), once(window)), newLimiter(t, client, once(window))
	mustWait(t, other)
	eventually(t, "the subscription", func() bool { return operations(t, client)["subscribe"] == 1 })
	ended := make(chan bool)
	go func() {
		wantLongWait(t, other)
		close(ended)
	}()
	eventually(t, "it has a turn", func() bool { return len(scores(t, client, t.Name(), 0)) == 2 })
	throttled.Pause(time.Hour)
	<-ended
}

// TestThrottledClientPausesOtherProcesses shows that the client and the Limiter work together.
func TestThrottledClientPausesOtherProcesses(t *testing.T) {
	redisServer, server := startRedis(t), intunetest.NewServer(t)
	once := intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1})
	throttled := server.Client(intune.WithLimiter(newLimiter(t, redisServer.client(t))), once)
	server.Inject(intunetest.Fault{Status: 429, RetryAfter: "3600"})
	if _, err := throttled.EnterpriseCodeSigningCertificates().List(t.Context(), nil); !errors.Is(err, intune.ErrThrottled) {
		t.Fatalf("got %v", err)
	}
	wantLongWait(t, newLimiter(t, redisServer.client(t)))
}

// logs is a logger's text.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// check checks that there is one record with each of the messages, in this order.
func (l *logs) check(t *testing.T, messages ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	records := slices.Collect(strings.Lines(l.text.String()))
	if !slices.EqualFunc(records, messages, strings.Contains) {
		t.Errorf("logged %q, want %q", records, messages)
	}
}

func (l *logs) option() redisquota.Option {
	return redisquota.WithLogger(slog.New(slog.NewTextHandler(l, nil)))
}

func TestWaitFailsWhileRedisIsDown(t *testing.T) {
	server := startRedis(t)
	var logged logs
	limiter := newLimiter(t, server.client(t), logged.option())
	mustWait(t, limiter)
	server.stop(t)
	for range 2 {
		if err := limiter.Wait(t.Context(), "POST"); err == nil || !strings.HasPrefix(err.Error(), "redisquota: ") {
			t.Errorf("got %v", err)
		}
	}
	server.start(t)
	mustWait(t, limiter)
	logged.check(t, "Redis is down: no requests are sent", "Redis is back")
}

func TestFallbackDividesTheQuotaWhileRedisIsDown(t *testing.T) {
	server := startRedis(t)
	var logged logs
	limiter := newLimiter(t, server.client(t), logged.option(),
		redisquota.WithQuota(intune.Quota{Requests: 100, Window: time.Hour}), redisquota.WithFallback(50))
	mustWait(t, limiter)
	server.stop(t)
	mustWait(t, limiter)
	mustWait(t, limiter)
	wantLongWait(t, limiter)
	server.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	eventually(t, "the shared quota holds", func() bool { return limiter.Wait(ctx, "POST") == nil })
	logged.check(t, "Redis is down: this process uses its share of the quota", "Redis is back")
}

func TestPauseHoldsWhileRedisIsDown(t *testing.T) {
	server := startRedis(t)
	var logged logs
	limiter := newLimiter(t, server.client(t), logged.option(), redisquota.WithFallback(2))
	server.stop(t)
	limiter.Pause(time.Hour)
	wantLongWait(t, limiter)
	logged.check(t, "the pause did not reach the other processes", "Redis is down: this process uses its share of the quota")
}

// TestWaitHonorsTheContextWhileRedisHangs stops the server in such a way that its connections stay open.
func TestWaitHonorsTheContextWhileRedisHangs(t *testing.T) {
	server := startRedis(t)
	limiter := newLimiter(t, server.client(t))
	mustWait(t, limiter)
	server.signal(t, syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := limiter.Wait(ctx, "POST"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := limiter.Wait(t.Context(), "POST"); err == nil {
		t.Error("without a deadline there is no error")
	}
	server.signal(t, syscall.SIGCONT)
	eventually(t, "the turns are back", func() bool { return len(scores(t, server.client(t), t.Name(), 0)) == 1 })
}

func TestQuotaSurvivesARestartWithPersistence(t *testing.T) {
	server := startRedis(t, "--appendonly", "yes")
	limiter := newLimiter(t, server.client(t), once(time.Hour))
	mustWait(t, limiter)
	server.stop(t)
	server.start(t)
	wantLongWait(t, limiter)
}

func TestClusterKeepsAQuotaInOneSlot(t *testing.T) {
	addrs := startCluster(t)
	cluster := func() *redis.ClusterClient {
		client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	throttled, other := newLimiter(t, cluster(), once(time.Millisecond)), newLimiter(t, cluster(), once(time.Millisecond))
	mustWait(t, other)
	mustWait(t, other)
	throttled.Pause(time.Hour)
	wantLongWait(t, other)
	long, err := redisquota.New(cluster(), "long", once(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	mustWait(t, long)
	wantLongWait(t, long)
}

func TestNothingRunsOnceTheClientIsClosed(t *testing.T) {
	server := startRedis(t)
	client := server.client(t)
	limiter := newLimiter(t, client)
	mustWait(t, limiter)
	eventually(t, "the subscription", func() bool { return operations(t, client)["subscribe"] == 1 })
	if !receives() {
		t.Error("no goroutine receives pauses: the test looks for another name")
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the goroutine has ended", func() bool { return !receives() })
}

// receives reports whether a goroutine receives pauses.
func receives() bool {
	stacks := make([]byte, 1<<20)
	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "receivePauses")
}
