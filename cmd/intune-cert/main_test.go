package main

// The tests run the built program, as its users do, against the emulator over TLS.

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// program is the path of the built program.
var program string //nolint:gochecknoglobals // TestMain builds it once

func TestMain(m *testing.M) {
	if address := os.Getenv("TEST_BROWSER_CA"); address != "" {
		os.Exit(browse(address, os.Args[len(os.Args)-1]))
	}
	cobra.EnableCommandSorting = false
	os.Exit(testMain(m))
}

// testMain builds the program, unless TEST_INTUNE_CERT names one.
func testMain(m *testing.M) int {
	if program = os.Getenv("TEST_INTUNE_CERT"); program != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "intune-cert")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "intune-cert")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.Command("go", "build", "-o", program, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		return 1
	}
	return m.Run()
}

// fixture is a tenant, and a folder in which the program runs.
type fixture struct {
	*intunetest.Server

	t   *testing.T
	dir string
	env []string
}

func newFixture(t *testing.T, opts ...intunetest.ServerOption) *fixture {
	t.Helper()
	t.Parallel()
	server := intunetest.NewServer(t, append([]intunetest.ServerOption{intunetest.WithTLS()}, opts...)...)
	f := &fixture{Server: server, t: t, dir: t.TempDir()}
	f.write("ca.pem", pemOf(server.TLSCertificate()))
	f.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + f.dir, "TERM=xterm", "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"INTUNE_CERT_EMULATOR=" + server.URL(), "INTUNE_CERT_CA=" + f.path("ca.pem"),
	}
	return f
}

// newCloudFixture is a tenant of Microsoft's cloud: a proxy leads everything to the emulator.
func newCloudFixture(t *testing.T, opts ...intunetest.ServerOption) *fixture {
	t.Helper()
	hosts := intunetest.WithHosts("graph.microsoft.com", "login.microsoftonline.com")
	f := newFixture(t, append([]intunetest.ServerOption{hosts, intunetest.WithTLS()}, opts...)...)
	f.env = append(f.env, "INTUNE_CERT_EMULATOR=", "HTTPS_PROXY="+proxyTo(t, strings.TrimPrefix(f.URL(), "https://")))
	return f
}

// proxyTo starts a proxy that connects its clients with one address, whatever they ask for, unless it is blocked.
func proxyTo(t *testing.T, address string, blocked ...string) (url string) {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(blocked, r.Host) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		upstream, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = upstream.Close() }()
		w.WriteHeader(http.StatusOK)
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = client.Close() }()
		go func() {
			_, _ = io.Copy(client, upstream)
			_ = client.Close()
		}()
		_, _ = io.Copy(upstream, buffered)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

func (f *fixture) path(name string) string { return filepath.Join(f.dir, name) }

func (f *fixture) write(name string, data []byte) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), data, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// writeCertificate writes a certificate for the program to upload.
func (f *fixture) writeCertificate(name string, cert *x509.Certificate) *x509.Certificate {
	f.t.Helper()
	f.write(name, cert.Raw)
	return cert
}

// seed puts a certificate into the tenant and returns its id.
func (f *fixture) seed(cert *x509.Certificate) string {
	f.t.Helper()
	created, err := f.Client().EnterpriseCodeSigningCertificates().Create(f.t.Context(), intune.FromX509(cert))
	if err != nil {
		f.t.Fatal(err)
	}
	return created.ID
}

// ids returns the ids of the tenant's certificates, in order of creation.
func (f *fixture) ids() (ids []string) {
	for _, cert := range f.Certificates() {
		ids = append(ids, cert.ID)
	}
	return ids
}

func (f *fixture) wantIDs(want ...string) {
	f.t.Helper()
	if have := f.ids(); !slices.Equal(have, want) {
		f.t.Errorf("the tenant has %v, want %v", have, want)
	}
}

// finished is a run of the program that has ended.
type finished struct {
	t              *testing.T
	args           []string
	stdout, stderr string
	code           int
}

func (f *fixture) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(f.t.Context(), program, args...)
	cmd.Dir, cmd.Env = f.dir, f.env
	return cmd
}

func (f *fixture) run(args ...string) *finished {
	f.t.Helper()
	return f.runWith(nil, args...)
}

// runWith runs the program with standard input. Wine ends one program in thousands before it begins, without a word: that
// one runs again.
func (f *fixture) runWith(stdin []byte, args ...string) *finished {
	f.t.Helper()
	done := f.runOnce(stdin, args)
	if os.Getenv("TEST_INTUNE_CERT") != "" && done.code == 1 && done.stdout+done.stderr == "" {
		return f.runOnce(stdin, args)
	}
	return done
}

func (f *fixture) runOnce(stdin []byte, args []string) *finished {
	f.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := f.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		f.t.Fatal(err)
	}
	return &finished{f.t, args, stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// running is a run of the program that goes on.
type running struct {
	*fixture

	cmd            *exec.Cmd
	stdout, stderr *lockedBuffer
}

func (f *fixture) start(args ...string) *running {
	f.t.Helper()
	r := &running{f, f.command(args...), new(lockedBuffer), new(lockedBuffer)}
	r.cmd.Stdout, r.cmd.Stderr = r.stdout, r.stderr
	if err := r.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	return r
}

// interrupt presses Ctrl-C. On Windows a process cannot do that to another one.
func (r *running) interrupt() *finished {
	r.t.Helper()
	if runtime.GOOS == "windows" || os.Getenv("TEST_INTUNE_CERT") != "" { // which is a program for Windows
		_ = r.cmd.Process.Kill()
		r.t.Skip("a process cannot be interrupted")
	}
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	return r.wait()
}

func (r *running) wait() *finished {
	r.t.Helper()
	if err := r.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		r.t.Fatal(err)
	}
	return &finished{r.t, r.cmd.Args[1:], r.stdout.String(), r.stderr.String(), r.cmd.ProcessState.ExitCode()}
}

// eventually waits until a condition holds, as long as the tests may take.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const toReport = 10 * time.Second
	deadline, isLimited := t.Deadline()
	for ; !holds(); time.Sleep(5 * time.Millisecond) {
		if isLimited && time.Until(deadline) < toReport {
			t.Fatalf("%s: it never happened", what)
		}
	}
}

// goName is what an administrator must not see: names of Go, of the library and of this program's parts.
var goName = regexp.MustCompile(`\bWith[A-Z]\w+|\b[A-Z]\w+Options\b|\bNewSubject\b|\bForce\b|TLSClientConfig|strconv\.|json: cannot|time: (missing|invalid|unknown)|intunetest: |context canceled|&\{|\{Method:|%!`)

// exits checks the exit code, and that the messages have no Go names.
func (d *finished) exits(code int) *finished {
	d.t.Helper()
	if name := goName.FindString(d.stderr + d.stdout); name != "" {
		d.t.Errorf("%v says %q:\n%s%s", d.args, name, d.stdout, d.stderr)
	}
	if d.code != code {
		d.t.Fatalf("%v exits with %d, want %d\n%s%s", d.args, d.code, code, d.stdout, d.stderr)
	}
	return d
}

// says checks that standard error has texts.
func (d *finished) says(texts ...string) *finished {
	d.t.Helper()
	for _, text := range texts {
		if !strings.Contains(filepath.ToSlash(d.stderr), text) {
			d.t.Errorf("%v does not say %q:\n%s", d.args, text, d.stderr)
		}
	}
	return d
}

// prints checks that standard output has texts.
func (d *finished) prints(texts ...string) *finished {
	d.t.Helper()
	for _, text := range texts {
		if !strings.Contains(filepath.ToSlash(d.stdout), text) {
			d.t.Errorf("%v does not print %q:\n%s", d.args, text, d.stdout)
		}
	}
	return d
}

func contoso(changes ...func(*x509.Certificate)) *x509.Certificate {
	return intunetest.NewCertificate("Contoso Apps", changes...)
}

// oldContoso is the certificate of last year, which expires in 20 days.
func oldContoso() *x509.Certificate {
	return contoso(func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = c.NotBefore.AddDate(0, 0, -380), time.Now().AddDate(0, 0, 20)
	})
}

// browse is a browser that follows redirects.
func browse(caFile, address string) int {
	data, err := os.ReadFile(caFile)
	if err != nil {
		return 1
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(data)
	resp, err := clientTrusting(roots).Get(address) //nolint:noctx // a test
	if err != nil {
		return 1
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}
