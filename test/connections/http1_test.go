package connections_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// raw is a server in memory that reads requests, and writes to each what the test wants.
type raw struct {
	listener *intunetest.MemoryListener
	write    func(net.Conn)
	running  sync.WaitGroup

	mu      sync.Mutex
	methods []string // of the requests
	dialed  []string // addresses
	conns   []net.Conn
}

func newRaw(t *testing.T, write func(net.Conn)) *raw {
	t.Helper()
	s := &raw{listener: intunetest.ListenMemory(), write: write}
	s.running.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.running.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(s.close)
	return s
}

func (s *raw) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for reader := bufio.NewReader(conn); ; {
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		s.mu.Lock()
		s.methods = append(s.methods, req.Method)
		s.mu.Unlock()
		s.write(conn)
	}
}

func (s *raw) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

const limit = time.Minute // of an attempt

// client returns a client that makes two attempts.
func (s *raw) client(t *testing.T) *intune.Client {
	t.Helper()
	transport := intune.NewTransport()
	transport.Proxy, transport.DialContext = nil, func(ctx context.Context, network, address string) (net.Conn, error) {
		s.mu.Lock()
		s.dialed = append(s.dialed, address)
		s.mu.Unlock()
		return s.listener.DialContext(ctx, network, address)
	}
	client := newClient(t, signedIn(), intune.WithBaseURL("http://localhost"), intune.WithTimeout(limit),
		intune.WithHTTPClient(&http.Client{Transport: transport}), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 2}))
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func text(parts ...string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, strings.Join(parts, "")) }
}

// cut is text after which the connection ends.
func cut(parts ...string) func(net.Conn) {
	return func(c net.Conn) {
		text(parts...)(c)
		_ = c.Close()
	}
}

// endless repeats the last part, as fast as it is read or with a pause.
func endless(pause time.Duration, head, part string) func(net.Conn) {
	return func(c net.Conn) {
		_, err := io.WriteString(c, head)
		for err == nil {
			time.Sleep(pause)
			_, err = io.WriteString(c, part)
		}
	}
}

const (
	typed  = "Content-Type: application/json\r\n"
	head   = "HTTP/1.1 201 Created\r\n" + typed
	chunks = head + "Transfer-Encoding: chunked\r\n\r\n"
)

// sized is a response with this status line, headers and body.
func sized(status, headers, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n%s\r\n%s", status, typed, len(body), headers, body)
}

func chunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(body), body) }

// bomb is a few bytes that become the object after 16 MiB of spaces.
func bomb() string {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, _ = io.WriteString(writer, strings.Repeat(" ", 16<<20)+created) // into memory
	_ = writer.Close()
	return out.String()
}

var many = strings.Repeat("y", 64<<10)

// broken are responses that are not the promised one, although each has the object of a success.
var broken = map[string]func(net.Conn){
	"nothing":                      func(net.Conn) {},
	"an end":                       cut(),
	"another status":               text(sized("200 OK", "", created)),
	"a status that says accepted":  text(sized("202 Accepted", "", created)),
	"a part":                       text(sized("206 Partial Content", "", created)),
	"a status that nobody knows":   text(sized("299 Fine", "", created)),
	"a status below all":           text(sized("099 Low", "", created)),
	"a status above all":           text(sized("999 High", "", created)),
	"a status of four digits":      text(sized("2010 Created", "", created)),
	"a redirect":                   text(sized("307 Temporary Redirect", "Location: http://elsewhere.example/\r\n", created)),
	"a redirect to itself":         text(sized("308 Permanent Redirect", "Location: /\r\n", created)),
	"another protocol":             text("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", sized("201 Created", "", created)),
	"no status line":               cut(created),
	"hints without end":            endless(0, "", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 1000)),
	"slow hints without end":       endless(time.Second, "", "HTTP/1.1 103 Early Hints\r\n\r\n"),
	"a status line without end":    endless(0, "HTTP/1.1 201 ", many),
	"a slow status line":           endless(time.Second, "HTTP/1.1 201 ", "y"),
	"a header without end":         endless(0, head+"X: ", many),
	"headers without end":          endless(0, head, strings.Repeat("X: y\r\n", 1000)),
	"slow headers":                 endless(time.Second, head, "X: y\r\n"),
	"two lengths":                  text(sized("201 Created", "Content-Length: 5\r\n", created)),
	"a negative length":            text(head, "Content-Length: -5\r\n\r\n", created),
	"a short length":               text(head, "Connection: close\r\nContent-Length: 5\r\n\r\n", created),
	"a long length and an end":     cut(head, "Content-Length: 500\r\n\r\n", created),
	"a long length and nothing":    text(head, "Content-Length: 500\r\n\r\n", created),
	"a body without end":           endless(0, head+"\r\n", many),
	"a slow body":                  endless(time.Second, head+"\r\n", " "),
	"chunks without end":           endless(0, chunks, chunk(many)),
	"chunks with long extensions":  endless(0, chunks, "1;"+many[:4000]+"\r\n \r\n"),
	"a chunk that is none":         text(chunks, "zz\r\n", created),
	"a negative chunk":             text(chunks, "-1\r\n", created),
	"a huge chunk":                 cut(chunks, "ffffffffffffffff\r\n", created),
	"no last chunk, and an end":    cut(chunks, chunk(created)),
	"no last chunk, and nothing":   text(chunks, chunk(created)),
	"trailers without end":         endless(0, chunks+chunk(created)+"0\r\n", strings.Repeat("X: y\r\n", 1000)),
	"slow trailers":                endless(time.Second, chunks+chunk(created)+"0\r\n", "X: y\r\n"),
	"an unknown transfer encoding": text(head, "Transfer-Encoding: gzip\r\n\r\n", created),
	"no gzip":                      text(sized("201 Created", "Content-Encoding: gzip\r\n", created)),
	"gzip of too much":             text(sized("201 Created", "Content-Encoding: gzip\r\n", bomb())),
	"two objects":                  text(sized("201 Created", "", created+created)),
	"an array":                     text(sized("201 Created", "", "["+created+"]")),
	"a page":                       text("HTTP/1.1 201 Created\r\nContent-Type: text/html\r\nContent-Length: ", fmt.Sprint(len(created)), "\r\n\r\n", created),
}

// TestBrokenResponses: a call ends in time, a POST is not repeated, nothing is written after a listing that is none, and all
// requests go to the service. Time is virtual.
func TestBrokenResponses(t *testing.T) {
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	for name, write := range broken {
		for operation, run := range map[string]func(context.Context, *intune.EnterpriseCodeSigningCertificatesService) error{
			"Create": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService) error {
				_, err := s.Create(ctx, cert)
				if !errors.As(err, new(*intune.OutcomeUnknownError)) {
					t.Errorf("Create of %s: got %v", name, err)
				}
				return err
			},
			"List": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService) error {
				_, err := s.List(ctx, nil)
				return err
			},
			"Rotate": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService) error {
				_, err := s.Rotate(ctx, cert, &intune.RotateOptions{DeleteOld: true})
				return err
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				s := newRaw(t, write)
				began := time.Now()
				err := run(t.Context(), s.client(t).EnterpriseCodeSigningCertificates())
				took := time.Since(began)
				s.close()
				// a POST, and a first and a last look of two attempts each, with pauses
				const longest = 5*limit + 10*time.Second
				if err == nil || took > longest {
					t.Errorf("%s of %s: %v after %v", operation, name, err, took)
				}
				writes := strings.Count(strings.Join(s.methods, " "), "POST") + strings.Count(strings.Join(s.methods, " "), "DELETE")
				if operation == "Create" && (writes != 1 || s.methods[0] != "POST") || operation != "Create" && writes != 0 {
					t.Errorf("%s of %s: requests %v", operation, name, s.methods)
				}
				for _, address := range s.dialed {
					if address != "localhost:80" {
						t.Errorf("%s of %s: connected to %s", operation, name, address)
					}
				}
			})
		}
	}
}

// TestUnusualResponses are successes all the same.
func TestUnusualResponses(t *testing.T) {
	for name, write := range map[string]func(net.Conn){
		"hints first":        text("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", sized("201 Created", "", created)),
		"no reason":          text(sized("201", "", created)),
		"HTTP/1.0":           cut("HTTP/1.0 201 Created\r\n", typed, "\r\n", created),
		"one length, twice":  text(sized("201 Created", fmt.Sprintf("Content-Length: %d\r\n", len(created)), created)),
		"chunks":             text(chunks, chunk(created[:9]), chunk(created[9:]), "0\r\n\r\n"),
		"trailers":           text(chunks, chunk(created), "0\r\nX: y\r\n\r\n"),
		"many headers":       text(sized("201 Created", strings.Repeat("X: y\r\n", 100_000), created)),
		"cookies of another": text(sized("201 Created", "Set-Cookie: a=b; Domain=elsewhere.example\r\n", created)),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newRaw(t, write)
			err := create(t.Context(), s.client(t))
			s.close()
			if err != nil || len(s.methods) != 1 {
				t.Errorf("%s: %v after %v", name, err, s.methods)
			}
		})
	}
}
