package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener is a listener in memory, whose connections can stop forwarding without an error: what a NAT does that has
// dropped a connection.
type pipeListener struct {
	accepted chan net.Conn
	closed   chan struct{}

	mu    sync.Mutex
	conns []*silentConn
}

func newPipeListener() *pipeListener {
	return &pipeListener{accepted: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accepted:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	conn := &silentConn{Conn: client, silence: make(chan struct{})}
	select {
	case l.accepted <- server:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, conn)
	return conn, nil
}

func (l *pipeListener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// silence makes all connections silent.
func (l *pipeListener) silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		conn.once.Do(func() { close(conn.silence) })
	}
}

// silentConn swallows what is written, and delivers nothing, once it is silent.
type silentConn struct {
	net.Conn

	once    sync.Once
	silence chan struct{}
}

func (c *silentConn) isSilent() bool {
	select {
	case <-c.silence:
		return true
	default:
		return false
	}
}

func (c *silentConn) Write(p []byte) (int, error) {
	if c.isSilent() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *silentConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.isSilent() {
		return c.Read(p)
	}
	return n, err
}

// attempt sends one GET through the transport.
func attempt(ctx context.Context, tr *Transport, root string, isNew bool) (string, error) {
	a := &Attempt{ClientRequestID: "id", Authorization: []string{"Bearer x"}, Started: time.Now(), NewConnection: isNew}
	req, err := http.NewRequestWithContext(WithAttempt(ctx, a), http.MethodGet, root+"/x", nil)
	if err != nil {
		return "", err
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// serveTLS serves HTTP over TLS on the listener, and returns the roots that trust it.
func serveTLS(t *testing.T, l net.Listener, handler http.HandlerFunc, protocols ...string) *x509.CertPool {
	t.Helper()
	source := httptest.NewUnstartedServer(http.NotFoundHandler())
	source.StartTLS() // for its certificate
	certificate, roots := source.TLS.Certificates[0], x509.NewCertPool()
	roots.AddCert(source.Certificate())
	source.Close()
	server := &http.Server{Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: protocols, MinVersion: tls.VersionTLS12}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(l, "", "")
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return roots
}

// newOwnTransport returns a transport with the library's own base, which reaches the listener over TLS.
func newOwnTransport(t *testing.T, l *pipeListener, roots *x509.CertPool) *Transport {
	t.Helper()
	base := NewTransport()
	base.Proxy, base.DialContext = nil, l.dial
	base.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return New(Config{Origin: "https://127.0.0.1", Client: &http.Client{Transport: base}})
}

// TestSilentConnectionIsGivenUp: a NAT drops an HTTP/2 connection, and no packet comes back. The transport gives it up after
// 20 seconds at most, and the next attempt uses another one.
func TestSilentConnectionIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))) // the certificate of httptest is valid
		l := newPipeListener()
		roots := serveTLS(t, l, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }, "h2")
		tr := newOwnTransport(t, l, roots)
		defer tr.CloseIdleConnections()
		if body, err := attempt(t.Context(), tr, "https://127.0.0.1", false); err != nil || body != "HTTP/2.0" {
			t.Fatalf("got %q, %v", body, err)
		}
		l.silence()
		began := time.Now()
		_, err := attempt(t.Context(), tr, "https://127.0.0.1", false)
		if took := time.Since(began); err == nil || took > 20*time.Second {
			t.Errorf("over the silent connection: %v after %v", err, took)
		}
		began = time.Now()
		if body, err := attempt(t.Context(), tr, "https://127.0.0.1", false); err != nil || body != "HTTP/2.0" || time.Since(began) > time.Second || l.count() != 2 {
			t.Errorf("the next attempt: %q, %v after %v over %d connections", body, err, time.Since(began), l.count())
		}
	})
}

// TestAttemptAfterATimeoutUsesANewConnection: over HTTP/1.1 a silent connection costs one attempt.
func TestAttemptAfterATimeoutUsesANewConnection(t *testing.T) {
	for name, isOwn := range map[string]bool{"a transport from NewTransport": true, "another transport": false} {
		synctest.Test(t, func(t *testing.T) {
			l := newPipeListener()
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, fmt.Sprint(r.Close)) })}
			go func() { _ = server.Serve(l) }()
			defer func() { _ = server.Close() }()
			base := NewTransport().Clone()
			base.Proxy, base.DialContext = nil, l.dial
			if !isOwn {
				base.HTTP2 = nil
			}
			tr := New(Config{Origin: "http://127.0.0.1", Client: &http.Client{Transport: base}})
			if _, err := attempt(t.Context(), tr, "http://127.0.0.1", false); err != nil {
				t.Fatal(err)
			}
			l.silence()
			began := time.Now()
			_, err := attempt(t.Context(), tr, "http://127.0.0.1", false)
			var timeout *TimeoutError
			if !errors.As(err, &timeout) || time.Since(began) != time.Minute {
				t.Errorf("%s: over the silent connection: %v after %v", name, err, time.Since(began))
			}
			began = time.Now()
			if body, err := attempt(t.Context(), tr, "http://127.0.0.1", true); err != nil || time.Since(began) != 0 || l.count() != 2 || body != fmt.Sprint(!isOwn) {
				t.Errorf("%s: the next attempt: %q, %v after %v over %d connections", name, body, err, time.Since(began), l.count())
			}
			tr.CloseIdleConnections()
		})
	}
}

// TestSwitchingProtocolsAndThenSilence: the body of a 101 is a bare connection, on which nothing ends.
func TestSwitchingProtocolsAndThenSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		defer func() { _ = l.Close() }()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					_, _ = http.ReadRequest(bufio.NewReader(conn))
					_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
					_, _ = io.Copy(io.Discard, conn)
				}()
			}
		}()
		tr := New(Config{Origin: "http://127.0.0.1", Client: &http.Client{Transport: &http.Transport{DialContext: l.dial}}})
		began := time.Now()
		if body, err := attempt(t.Context(), tr, "http://127.0.0.1", false); err != nil || body != "" || time.Since(began) > time.Minute {
			t.Errorf("Graph: %q, %v after %v", body, err, time.Since(began))
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/token", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		resp, err := tr.TokenClient().Do(req)
		if err == nil {
			_, _ = io.ReadAll(resp.Body)
		}
		if time.Since(began) > time.Minute {
			t.Errorf("the token endpoint: %v after %v", err, time.Since(began))
		}
	})
}

// TestBodyIsBounded in time, by the limit and by the context, and in size, whatever the status.
func TestBodyIsBounded(t *testing.T) {
	for _, status := range []int{200, 302, 404, 503} {
		synctest.Test(t, func(t *testing.T) {
			tr := New(Config{Origin: "http://127.0.0.1", Client: &http.Client{Timeout: 5 * time.Second, Transport: responding(func(*http.Request) *http.Response {
				body, _ := io.Pipe() // never written to
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: body}
			})}})
			began := time.Now()
			var timeout *TimeoutError
			if _, err := attempt(t.Context(), tr, "http://127.0.0.1", false); !errors.As(err, &timeout) || time.Since(began) != 5*time.Second {
				t.Errorf("%d: %v after %v", status, err, time.Since(began))
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began = time.Now()
			if _, err := attempt(ctx, tr, "http://127.0.0.1", false); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
				t.Errorf("%d: %v after %v", status, err, time.Since(began))
			}
		})
		tr := New(Config{Origin: "http://127.0.0.1", Client: &http.Client{Transport: responding(func(*http.Request) *http.Response {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(zeros{})}
		})}})
		if body, err := attempt(t.Context(), tr, "http://127.0.0.1", false); err == nil || len(body) > maxBody {
			t.Errorf("%d: %d bytes, %v", status, len(body), err)
		}
	}
}

// TestBodyOfTheOwnTransportEndsWithItsContext: net/http closes it, over HTTP/1.1 and HTTP/2.
func TestBodyOfTheOwnTransportEndsWithItsContext(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))) // the certificate of httptest is valid
			l := newPipeListener()
			roots := serveTLS(t, l, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "half")
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
				panic(http.ErrAbortHandler) // otherwise the server would end the body properly
			}, protocol)
			tr := newOwnTransport(t, l, roots)
			defer tr.CloseIdleConnections()
			for deadline, want := range map[time.Duration]time.Duration{time.Second: time.Second, time.Hour: time.Minute} {
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				began := time.Now()
				body, err := attempt(ctx, tr, "https://127.0.0.1", false)
				if took := time.Since(began); body != "half" || err == nil || took != want {
					t.Errorf("%s: %q, %v after %v, want %v", protocol, body, err, took, want)
				}
				cancel()
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type responding func(*http.Request) *http.Response

func (r responding) RoundTrip(req *http.Request) (*http.Response, error) { return r(req), nil }

// TestGetBodyIsNeverSet: net/http repeats requests that have it.
func TestGetBodyIsNeverSet(t *testing.T) {
	var sent *http.Request
	tr := New(Config{Origin: "http://127.0.0.1", Client: &http.Client{Transport: responding(func(req *http.Request) *http.Response {
		sent = req
		return &http.Response{StatusCode: 201, Header: http.Header{}, Body: http.NoBody}
	})}})
	a := &Attempt{Body: []byte("{}"), Started: time.Now()}
	req, err := http.NewRequestWithContext(WithAttempt(t.Context(), a), http.MethodPost, "http://127.0.0.1/x", strings.NewReader("meddled"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.RoundTrip(req); err != nil || sent.GetBody != nil || sent.ContentLength != 2 {
		t.Errorf("got %v, length %d, GetBody set: %v", err, sent.ContentLength, sent.GetBody != nil)
	}
}

// TestWhatProvesThatNothingWasSent: only the innermost step not being entered, or net/http's own transport without any
// connection. A transport of the user's that dials and fails may have sent something before.
func TestWhatProvesThatNothingWasSent(t *testing.T) {
	refused := errors.New("connection refused")
	dialling := func(dials int) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, refused
		}
	}
	twice := func(base *http.Transport) http.RoundTripper { // as a transport that falls back to another address
		return roundTripFunc(func(req *http.Request) (*http.Response, error) {
			_, _ = base.RoundTrip(req.Clone(req.Context()))
			return base.RoundTrip(req)
		})
	}
	for name, test := range map[string]struct {
		base        http.RoundTripper
		nothingSent bool
	}{
		"net/http had no connection":                  {&http.Transport{DialContext: dialling(0)}, true},
		"a foreign transport says so":                 {roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, &net.OpError{Op: "dial", Err: refused} }), false},
		"a foreign transport that dials twice failed": {twice(&http.Transport{DialContext: dialling(0)}), false},
	} {
		tr := New(Config{Origin: "http://127.0.0.1", Client: &http.Client{Transport: test.base}})
		a := &Attempt{Body: []byte("{}"), Started: time.Now()}
		req, err := http.NewRequestWithContext(WithAttempt(t.Context(), a), http.MethodPost, "http://127.0.0.1/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tr.RoundTrip(req)
		if nothingSent, _ := a.Close(); err == nil || nothingSent != test.nothingSent {
			t.Errorf("%s: %v, nothing sent: %v", name, err, nothingSent)
		}
	}
	if nothingSent, repeated := new(Attempt).Close(); !nothingSent || repeated {
		t.Error("an attempt that never reached the transport may have been sent")
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestTimeoutOfConnectingIsNotTheCallers: net/http's own timeouts look like the end of a context.
func TestTimeoutOfConnectingIsNotTheCallers(t *testing.T) {
	dialing := &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded}
	for name, test := range map[string]struct {
		transport *http.Transport
		want      string
	}{
		"an address that does not answer": {&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, dialing
		}}, dialing.Error()},
		"a proxy that does not answer": {&http.Transport{
			Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example"}),
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, server) }()
				return client, nil
			},
		}, "through the proxy proxy.example: no connection in time"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := New(Config{Origin: "https://graph.example", Client: &http.Client{Transport: test.transport}, Timeout: time.Hour})
				_, err := attempt(t.Context(), tr, "https://graph.example", false)
				var network net.Error
				if err == nil || err.Error() != test.want || errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &network) || !network.Timeout() {
					t.Errorf("got %T %v", err, err)
				}
			})
		})
	}
}
