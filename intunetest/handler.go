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

	"github.com/seed-230b9595/intune-go/internal/wait"
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
	ids, isEntra := exchange.NewIDs(r.Header), entra.Serves(r.URL.Path)
	var fault Fault
	if !isPreflight(r) { // which a browser sends, not the program
		fault = s.takeFault(r.Method, isEntra)
	}
	var response *exchange.Response // nil for that of the service
	if !isEntra {
		response = s.graph.Arrive(r, ids)
	}
	own := fault.response(ids)
	if own != nil && !fault.Committed {
		response = own
	}
	request := s.arrived(r, fault)
	defer s.log(request) // also of a request whose connection is lost
	body, err := s.receive(w, r, fault)
	s.received(request, r, string(body))
	loseAt(r, fault.Drop == DropAfterReading)
	_ = wait.Until(s.ctx, time.Now().Add(fault.Delay)) // unless the server closes
	if response == nil {
		response = cmp.Or(own, s.carryOut(r, body, err, fault.VisibleAfter, ids))
	}
	_ = wait.Until(s.ctx, time.Now().Add(fault.ResponseDelay))
	loseAt(r, fault.Drop == DropAfterCommit)
	s.responded(request, response.Status)
	s.respond(w, r, response, ids, fault.Drop == DropInResponse)
}

// receive reads the body, unless the connection is lost before its end.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, fault Fault) ([]byte, error) {
	loseAt(r, fault.Drop == DropBeforeReading)
	body := http.MaxBytesReader(w, r.Body, graph.MaxBody)
	if fault.Drop == DropWhileReading {
		_, _ = io.CopyN(io.Discard, body, r.ContentLength/2)
		loseAt(r, true)
	}
	return io.ReadAll(body)
}

func (s *Server) carryOut(r *http.Request, body []byte, err error, late time.Duration, ids exchange.IDs) *exchange.Response {
	switch {
	case isPreflight(r):
		return preflight(r)
	case err != nil:
		return graph.BodyUnreadable(ids)
	case entra.Serves(r.URL.Path):
		return s.entra.Serve(r, body, ids)
	}
	return s.graph.Serve(r, body, late, ids)
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
