package interop_test

// This file starts nginx, haproxy and squid, each in a process of its own.

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// route is what a proxy is told. Its zero fields are the defaults.
type route struct {
	to      string        // the address of the service, which squid does not need
	timeout time.Duration // how long the proxy waits for the service: a minute
	host    string        // the Host that the service sees: the client's. Not for squid
	rules   string        // lines that are added to the configuration of haproxy or squid
}

const nginxConfig = `
daemon off; master_process off; pid {folder}/pid;
events {}
http {
	access_log off;
	client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
	server {
		listen {address};
		location / { proxy_pass http://{to}; proxy_read_timeout {timeout}s; proxy_set_header Host {host}; }
	}
}
`

const haproxyConfig = `
listen service
	bind {address}
	mode http
	timeout connect 1m
	timeout client 1m
	timeout server {timeout}s
	http-request set-header Host {host}
	retries 0
	{rules}
	server service {to}
`

const squidConfig = `
http_port {address}
pid_filename none
pinger_enable off
cache_log /dev/null
access_log none
cache deny all
shutdown_lifetime 0
read_timeout {timeout} seconds
{rules}
http_access allow all
`

// nginx starts a reverse proxy and returns its address, like those below.
func nginx(t *testing.T, r route) string {
	t.Helper()
	return r.start(t, nginxConfig, "$http_host", "nginx", "-e", "stderr", "-c")
}

func haproxy(t *testing.T, r route) string {
	t.Helper()
	return r.start(t, haproxyConfig, "%[req.hdr(Host)]", "haproxy", "-db", "-f")
}

// squid starts a forward proxy.
func squid(t *testing.T, r route) string {
	t.Helper()
	return r.start(t, squidConfig, "", "squid", "-N", "-d", "0", "-n", fmt.Sprintf("test%d", rand.Uint64()), "-f") // with a name of its own, as instances of one name share memory
}

// start runs a program in the foreground with its configuration as the last argument, until the test ends.
func (r route) start(t *testing.T, config, clientsHost, program string, args ...string) (address string) {
	t.Helper()
	path := findProxy(t, program)
	folder, address := t.TempDir(), freeAddress(t)
	host := cmp.Or(r.host, clientsHost)
	timeout := fmt.Sprint(cmp.Or(r.timeout, time.Minute).Seconds())
	file := filepath.Join(folder, "config")
	text := strings.NewReplacer("{folder}", folder, "{address}", address, "{to}", r.to, "{timeout}", timeout,
		"{host}", host, "{rules}", r.rules).Replace(config)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append(args, file)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute // and then it is killed
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		<-exited
		if t.Failed() {
			t.Logf("%s said:\n%s", program, &said)
		}
	})
	awaitProxy(t, address, exited)
	return address
}

// findProxy finds a program that Debian has where only root's PATH leads.
func findProxy(t *testing.T, program string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip(program + " is not installed")
	return ""
}

// freeAddress returns a port of a loopback address that nobody else uses, so that nobody takes it before the proxy does.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+rand.N(254), rand.N(256), 1+rand.N(254)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// awaitProxy waits until the proxy accepts connections.
func awaitProxy(t *testing.T, address string, exited <-chan struct{}) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	giveUp := time.After(time.Minute)
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-exited:
			t.Fatal("the proxy has ended")
		case <-giveUp:
			t.Fatal("the proxy does not accept connections")
		}
	}
}
