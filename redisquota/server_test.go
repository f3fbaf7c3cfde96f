package redisquota_test

// This file starts real servers: Redis for the tests, and the test binary again as a process that shares a quota.

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisBinary is the server that the tests start. REDIS_SERVER can name another one, such as valkey-server.
func redisBinary() (string, error) {
	name := os.Getenv("REDIS_SERVER")
	if name == "" {
		name = "redis-server"
	}
	return exec.LookPath(name)
}

// redisServer is a server in a directory of its own.
type redisServer struct {
	addr string
	args []string
	cmd  *exec.Cmd
}

// startRedis starts a server with more settings, which begin with two hyphens. It skips the test if there is none.
func startRedis(tb testing.TB, settings ...string) *redisServer {
	tb.Helper()
	if _, err := redisBinary(); err != nil {
		tb.Skipf("redis-server is not installed (Debian: apt-get install redis-server): %v", err)
	}
	addr := freeAddress(tb)
	_, port, _ := net.SplitHostPort(addr)
	dir := tb.TempDir()
	s := &redisServer{addr: addr, args: append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", dir, "--logfile", filepath.Join(dir, "log"), "--save", "",
	}, settings...)}
	s.start(tb)
	tb.Cleanup(func() { s.stop(tb) })
	return s
}

// freeAddress returns an address whose port is free, as is the one for the other servers of a Cluster, which is 10,000
// higher.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		bus, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+10_000)))
		_ = listener.Close()
		if err == nil {
			_ = bus.Close()
			return listener.Addr().String()
		}
	}
}

func (s *redisServer) start(tb testing.TB) {
	tb.Helper()
	binary, err := redisBinary()
	if err != nil {
		tb.Fatal(err)
	}
	s.cmd = exec.Command(binary, s.args...)
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.addr})
	defer func() { _ = client.Close() }()
	eventually(tb, "Redis is up", func() bool { return client.Ping(context.Background()).Err() == nil })
}

// stop stops the server, which saves its data if it is told to.
func (s *redisServer) stop(tb testing.TB) {
	tb.Helper()
	if s.cmd.ProcessState != nil {
		return
	}
	s.signal(tb, syscall.SIGCONT)
	s.signal(tb, syscall.SIGTERM)
	_ = s.cmd.Wait()
}

func (s *redisServer) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		tb.Fatal(err)
	}
}

// client returns a client that is closed when the test ends.
func (s *redisServer) client(tb testing.TB) *redis.Client {
	tb.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.addr})
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

// operations counts the commands that the server has carried out, including those in scripts.
func operations(tb testing.TB, client *redis.Client) map[string]int {
	tb.Helper()
	info, err := client.Info(tb.Context(), "commandstats").Result()
	if err != nil {
		tb.Fatal(err)
	}
	counts := make(map[string]int)
	for line := range strings.Lines(info) {
		if stat, ok := strings.CutPrefix(line, "cmdstat_"); ok {
			name, rest, _ := strings.Cut(stat, ":calls=")
			calls, _, _ := strings.Cut(rest, ",")
			counts[name], err = strconv.Atoi(calls)
			if err != nil {
				tb.Fatal(err)
			}
		}
	}
	return counts
}

// startCluster starts three servers that share the slots, and returns their addresses.
func startCluster(t *testing.T) []string {
	t.Helper()
	const slots, size = 16384, 3
	var addrs []string
	var clients []*redis.Client
	for i := range size {
		server := startRedis(t, "--cluster-enabled", "yes")
		client := server.client(t)
		if err := client.ClusterAddSlotsRange(t.Context(), i*slots/size, (i+1)*slots/size-1).Err(); err != nil {
			t.Fatal(err)
		}
		if err := client.Do(t.Context(), "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			host, port, _ := net.SplitHostPort(addrs[0])
			if err := client.ClusterMeet(t.Context(), host, port).Err(); err != nil {
				t.Fatal(err)
			}
		}
		addrs, clients = append(addrs, server.addr), append(clients, client)
	}
	for _, client := range clients {
		eventually(t, "the cluster is complete", func() bool {
			info, _ := client.ClusterInfo(t.Context()).Result()
			return strings.Contains(info, "cluster_state:ok\r\n") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r\n", size))
		})
	}
	return addrs
}

func eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for range 12_000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatalf("not within two minutes: %s", what)
}

// startWorker runs the test binary again, as main_test.go says.
func startWorker(tb testing.TB, w worker) *exec.Cmd {
	tb.Helper()
	settings, err := json.Marshal(w)
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerVariable+"="+string(settings))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}
