// Package connections_test tests what a client makes of real connections that fail: over HTTP/2 and behind a proxy.
package connections_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// Types, flags and codes of HTTP/2 (RFC 9113, sections 6 and 7).
const (
	frameData, frameHeaders, frameReset, frameSettings, frameGoAway = 0, 1, 3, 4, 7
	flagAck, flagEndStream, flagEndHeaders                          = 1, 1, 4

	noError, protocolError, internalError, refusedStream, cancelStream, enhanceYourCalm = 0, 1, 2, 7, 8, 11
)

// frames is a server of HTTP/2 that responds to each request as the test says, frame by frame.
type frames struct {
	listener net.Listener
	roots    *tls.Config

	mu      sync.Mutex
	respond []func(c *frameConn, stream uint32) // to the requests, one after the other; the last one to all that follow
	count   int
}

type frameConn struct{ net.Conn }

func (c *frameConn) write(kind, flags byte, stream uint32, payload []byte) {
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind)), flags)
	_, _ = c.Write(append(binary.BigEndian.AppendUint32(frame, stream), payload...))
}

// reset resets the stream of a request.
func reset(code uint32) func(*frameConn, uint32) {
	return func(c *frameConn, stream uint32) {
		c.write(frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, code))
	}
}

// goAway says that the streams above last were not processed, and closes the connection.
func goAway(code uint32, last func(stream uint32) uint32) func(*frameConn, uint32) {
	return func(c *frameConn, stream uint32) {
		c.write(frameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last(stream)), code))
		_ = c.Close()
	}
}

func below(stream uint32) uint32 { return max(stream, 2) - 2 }
func same(stream uint32) uint32  { return stream }

// succeed responds with a 201.
func succeed(c *frameConn, stream uint32) {
	header := append([]byte{0x48, 3}, "201"...) // :status
	header = append(append(header, 0x5f, 16), "application/json"...)
	c.write(frameHeaders, flagEndHeaders, stream, header)
	c.write(frameData, flagEndStream, stream, []byte(created))
}

func newFrames(t *testing.T, respond ...func(*frameConn, uint32)) *frames {
	t.Helper()
	source := httptest.NewTLSServer(nil) // for its certificate
	defer source.Close()
	config := &tls.Config{Certificates: source.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s := &frames{listener: listener, respond: respond, roots: source.Client().Transport.(*http.Transport).TLSClientConfig}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(&frameConn{conn})
		}
	}()
	return s
}

// serve reads the frames of a connection. It responds to a request when its body is complete.
func (s *frames) serve(c *frameConn) {
	defer func() { _ = c.Close() }()
	if _, err := io.CopyN(io.Discard, c, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	c.write(frameSettings, 0, 0, nil)
	for {
		var head [9]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		length, kind, flags, stream := binary.BigEndian.Uint32(head[:])>>8, head[3], head[4], binary.BigEndian.Uint32(head[5:])
		if _, err := io.CopyN(io.Discard, c, int64(length)); err != nil {
			return
		}
		switch {
		case kind == frameSettings && flags&flagAck == 0:
			c.write(frameSettings, flagAck, 0, nil)
		case kind == frameData && flags&flagEndStream != 0:
			s.next()(c, stream)
		}
	}
}

func (s *frames) next() func(*frameConn, uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return s.respond[min(s.count, len(s.respond))-1]
}

func (s *frames) client(t *testing.T) *intune.Client {
	t.Helper()
	transport := intune.NewTransport()
	transport.TLSClientConfig.RootCAs = s.roots.RootCAs
	client := newClient(t, signedIn(), intune.WithBaseURL("https://"+s.listener.Addr().String()),
		intune.WithHTTPClient(&http.Client{Transport: transport}),
		intune.WithRetry(intune.RetryPolicy{MinDelay: 1000 * time.Hour, MaxDelay: 1000 * time.Hour, MaxAttempts: 3}))
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// TestPostThatHTTP2SaysWasNotProcessedIsSentAgainAtOnce: a backoff would not end within the context.
func TestPostThatHTTP2SaysWasNotProcessedIsSentAgainAtOnce(t *testing.T) {
	for name, refuse := range map[string]func(*frameConn, uint32){
		"REFUSED_STREAM":                      reset(refusedStream),
		"GOAWAY with a lower stream":          goAway(noError, below),
		"GOAWAY with an error and no stream":  goAway(enhanceYourCalm, func(uint32) uint32 { return 0 }),
		"GOAWAY with an error, lower stream":  goAway(internalError, below),
		"GOAWAY before the first, gracefully": goAway(noError, func(uint32) uint32 { return 0 }),
	} {
		for earlier := range 2 { // requests on the same connection
			respond := []func(*frameConn, uint32){refuse, succeed}
			if earlier == 1 {
				respond = append([]func(*frameConn, uint32){succeed}, respond...)
			}
			s := newFrames(t, respond...)
			client := s.client(t)
			for range earlier {
				if err := create(t.Context(), client); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			var meta intune.Response
			err := create(ctx, client, intune.WithResponse(&meta))
			if err != nil || meta.Attempts != 2 || meta.Reconciled || s.count != earlier+2 {
				t.Errorf("%s after %d requests: %v in %d attempts, %d requests", name, earlier, err, meta.Attempts, s.count)
			}
			cancel()
		}
	}
}

// TestPostThatHTTP2MayHaveProcessedIsNotSentAgain: every other end of a stream or a connection.
func TestPostThatHTTP2MayHaveProcessedIsNotSentAgain(t *testing.T) {
	for name, end := range map[string]func(*frameConn, uint32){
		"INTERNAL_ERROR":               reset(internalError),
		"PROTOCOL_ERROR":               reset(protocolError),
		"CANCEL":                       reset(cancelStream),
		"GOAWAY that names the stream": goAway(noError, same),
		"GOAWAY, a lie in its data": func(c *frameConn, stream uint32) {
			payload := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, stream), noError)
			c.write(frameGoAway, 0, 0, append(payload, "stream error: stream ID 1; REFUSED_STREAM; received from peer"...))
			_ = c.Close()
		},
		"a closed connection": func(c *frameConn, _ uint32) { _ = c.Close() },
		"REFUSED_STREAM behind the headers": func(c *frameConn, stream uint32) {
			c.write(frameHeaders, flagEndHeaders, stream, append([]byte{0x48, 3}, "201"...))
			reset(refusedStream)(c, stream)
		},
	} {
		s := newFrames(t, end, succeed)
		err := create(t.Context(), s.client(t), intune.WithoutReconcile())
		if !errors.As(err, new(*intune.OutcomeUnknownError)) || s.count != 1 {
			t.Errorf("%s: %v after %d requests", name, err, s.count)
		}
	}
}

// TestServerThatKeepsRefusing is asked again at once a single time, and then after a backoff.
func TestServerThatKeepsRefusing(t *testing.T) {
	s := newFrames(t, reset(refusedStream))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := create(ctx, s.client(t)); err == nil || errors.As(err, new(*intune.OutcomeUnknownError)) || s.count != 2 {
		t.Errorf("%v after %d requests", err, s.count)
	}
}
