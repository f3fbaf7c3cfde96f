package redisquota_test

import (
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// fleet is several processes that create certificates in one tenant.
type fleet struct {
	redis  *redisServer
	server *intunetest.Server
	worker worker // what all have in common
}

func newFleet(tb testing.TB, writes int, window time.Duration) *fleet {
	tb.Helper()
	f := &fleet{
		redis:  startRedis(tb, "--appendonly", "yes"),
		server: intunetest.NewServer(tb, intunetest.WithoutQuota()),
	}
	f.worker = worker{Redis: f.redis.addr, Emulator: f.server.URL(), Goroutines: 16, Writes: writes, Window: window}
	return f
}

func (f *fleet) start(tb testing.TB, processes, creates int) []*exec.Cmd {
	tb.Helper()
	w := f.worker
	w.Creates = creates
	started := make([]*exec.Cmd, processes)
	for i := range started {
		started[i] = startWorker(tb, w)
	}
	return started
}

// creates returns how many creates arrived.
func (f *fleet) creates() (n int) {
	for _, req := range f.server.Requests() {
		if req.Method == http.MethodPost && req.Header.Get("Authorization") != "" {
			n++
		}
	}
	return n
}

func waitFor(tb testing.TB, processes []*exec.Cmd) {
	tb.Helper()
	var all sync.WaitGroup
	for _, p := range processes {
		all.Go(func() {
			if err := p.Wait(); err != nil {
				tb.Errorf("a process: %v", err)
			}
		})
	}
	all.Wait()
}

func TestProcessesShareTheQuota(t *testing.T) {
	const writes, window = 100, time.Second
	f := newFleet(t, writes, window)
	waitFor(t, f.start(t, 8, 50))
	turns := slices.Sorted(maps.Values(scores(t, f.redis.client(t), "fleet", 0))) // of the last windows
	for i := range len(turns) - writes {
		if turns[i+writes]-turns[i] < window.Microseconds() {
			t.Errorf("more than %d turns in %v", writes, window)
		}
	}
	if got := len(f.server.Certificates()); got != 400 {
		t.Errorf("%d certificates, want 400", got)
	}
}

// TestProcessesGoOnAfterOneIsKilled kills a process that has turns which it has not used.
func TestProcessesGoOnAfterOneIsKilled(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 20, 2*time.Second)
	f.worker.Goroutines = 50
	killed := f.start(t, 1, 1000)[0] // the quota makes it reserve three windows, and would keep it busy for a hundred seconds
	eventually(t, "it has begun", func() bool { return f.creates() > 0 })
	others := f.start(t, 2, 20)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait()
	waitFor(t, others)
	of := map[bool]int{} // the killed process, or not
	for _, cert := range f.server.Certificates() {
		of[strings.HasPrefix(cert.Subject, fmt.Sprintf("CN=Contoso %d-", killed.Process.Pid))]++
	}
	if of[true] >= 1000 || of[false] != 40 {
		t.Errorf("%d certificates of the killed process, want less than 1000; %d of the others, want 40", of[true], of[false])
	}
}

func TestProcessesGoOnWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	const processes = 4
	f := newFleet(t, 40, 2*time.Second)
	f.worker.Fallback = processes
	running := f.start(t, processes, 60)
	atLeast := func(n int) func() bool {
		return func() bool { return f.creates() >= n }
	}
	eventually(t, "the shared quota is in use", atLeast(41))
	f.redis.stop(t)
	at := f.creates()
	eventually(t, "the local quotas are in use", atLeast(at+50))
	f.redis.start(t)
	waitFor(t, running)
	if got := len(f.server.Certificates()); got != processes*60 {
		t.Errorf("%d certificates, want %d", got, processes*60)
	}
}

// BenchmarkFleet compares the time that 8 processes need for 400 creates with the least that the quota allows.
func BenchmarkFleet(b *testing.B) {
	const writes, window = 100, 5 * time.Second
	const least = 3 * window // the first 100 need no time
	var took time.Duration
	for range b.N {
		f := newFleet(b, writes, window)
		began := time.Now()
		waitFor(b, f.start(b, 8, 50))
		took += time.Since(began)
	}
	b.ReportMetric(took.Seconds()/float64(b.N)/least.Seconds(), "times-the-least")
	b.ReportMetric(0, "ns/op")
}
