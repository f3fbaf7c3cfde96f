package intunetest

// This file takes a request through its life: recorded, its fate decided, received, carried out unless it fails, responded
// to.

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
	"github.com/seed-230b9595/intune-go/intunetest/internal/graph"
)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, controlPath) {
		s.control.ServeHTTP(w, r)
		return
	}
	ids := exchange.NewIDs(r.Header)
	decided := s.decide(r, ids)
	request := s.arrived(r, decided.fault)
	defer s.log(request) // also of a request whose connection is lost
	body, err := s.receive(w, r, decided.fault)
	s.received(request, r, string(body))
	loseAt(r, decided.fault.Drop == DropAfterReading)
	s.wait(decided.fault.Delay)
	response := decided.response
	if decided.isCarriedOut {
		result := s.carryOut(r, body, err, decided.fault.VisibleAfter, ids)
		response = cmp.Or(response, result)
	}
	s.wait(decided.fault.ResponseDelay)
	loseAt(r, decided.fault.Drop == DropAfterCommit)
	s.responded(request, response.Status)
	s.respond(w, r, response, ids, decided.fault.Drop == DropInResponse)
}

// fate decides how a request ends.
type fate struct {
	fault        Fault
	isCarriedOut bool
	response     *exchange.Response // nil for the result of carrying it out
}

// decide finds the fate of a request when it arrives, and counts it against the quota. What a browser asks before a request
// of a page is no request of the program's, so no fault strikes it.
func (s *Server) decide(r *http.Request, ids exchange.IDs) fate {
	if isPreflight(r) {
		return fate{response: preflight(r)}
	}
	isEntra := entra.Serves(r.URL.Path)
	fault := s.takeFault(r.Method, isEntra)
	own := fault.response(ids)
	var throttled *exchange.Response
	if !isEntra {
		throttled = s.graph.Arrive(r, ids)
	}
	switch {
	case own != nil && !fault.Committed:
		return fate{fault, false, own}
	case throttled != nil:
		return fate{fault, false, throttled}
	}
	return fate{fault, true, own}
}

// receive reads the body, unless the connection is lost before its end.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, fault Fault) ([]byte, error) {
	loseAt(r, fault.Drop == DropBeforeReading)
	limit := int64(graph.MaxBody)
	if entra.Serves(r.URL.Path) {
		limit = entra.MaxBody
	}
	body := http.MaxBytesReader(w, r.Body, limit)
	if fault.Drop == DropWhileReading {
		_, _ = io.CopyN(io.Discard, body, r.ContentLength/2)
		loseAt(r, true)
	}
	return io.ReadAll(body)
}

func (s *Server) carryOut(r *http.Request, body []byte, err error, late time.Duration, ids exchange.IDs) *exchange.Response {
	switch {
	case err != nil:
		return graph.BodyUnreadable(ids)
	case entra.Serves(r.URL.Path):
		return s.entra.Serve(r, body, ids)
	}
	return s.graph.Serve(r, body, late, ids)
}

// wait lets virtual or real time pass, unless the server closes.
func (s *Server) wait(delay time.Duration) {
	if delay <= 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// loseAt closes the connection without a response: over HTTP/2 too, where net/http itself would only end the stream.
func loseAt(r *http.Request, lose bool) {
	if !lose {
		return
	}
	if conn, isKnown := r.Context().Value(connKey{}).(net.Conn); isKnown {
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// connKey is the context key of a request's connection, below TLS.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	if secure, isTLS := conn.(*tls.Conn); isTLS {
		conn = secure.NetConn()
	}
	return context.WithValue(ctx, connKey{}, conn)
}
