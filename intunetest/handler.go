package intunetest

// This file takes a request through its life: recorded, its fate decided, received, carried out unless it fails, responded
// to.

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
	"github.com/seed-230b9595/intune-go/intunetest/internal/graph"
)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPath) {
		s.control.ServeHTTP(w, r)
		return
	}
	ids := exchange.NewIDs(r.Header)
	request := s.arrived(r)
	decided := s.decide(r, ids)
	body, err := s.receive(w, r, decided.fault)
	s.received(request, r, body)
	loseAt(decided.fault.Drop == DropAfterReading)
	s.wait(decided.fault.Delay)
	response := decided.response
	if decided.isCarriedOut {
		result := s.carryOut(r, body, err, decided.fault.VisibleAfter, ids)
		response = cmp.Or(response, result)
	}
	s.wait(decided.fault.ResponseDelay)
	loseAt(decided.fault.Drop == DropAfterCommit)
	s.responded(request, response.Status)
	w.Header().Set("Date", s.now().Format(http.TimeFormat))
	if response.Status == http.StatusSwitchingProtocols {
		s.switchProtocols(w)
		return
	}
	send(w, response, ids, decided.fault.Drop == DropInResponse)
}

// fate is what becomes of a request.
type fate struct {
	fault        Fault
	isCarriedOut bool
	response     *exchange.Response // nil for the result of carrying it out
}

// decide finds the fate of a request when it arrives, and counts it against the quota.
func (s *Server) decide(r *http.Request, ids exchange.IDs) fate {
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
	loseAt(fault.Drop == DropBeforeReading)
	body := http.MaxBytesReader(w, r.Body, graph.MaxBody)
	if fault.Drop == DropWhileReading {
		_, _ = io.CopyN(io.Discard, body, r.ContentLength/2)
		loseAt(true)
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

// loseAt closes the connection without a response.
func loseAt(lose bool) {
	if lose {
		panic(http.ErrAbortHandler)
	}
}

// switchProtocols sends a 101 and then nothing, until the client or the server closes the connection.
func (s *Server) switchProtocols(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	stop := context.AfterFunc(s.ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	_, _ = io.Copy(io.Discard, conn)
}

func send(w http.ResponseWriter, response *exchange.Response, ids exchange.IDs, cut bool) {
	header := w.Header()
	header.Set("request-id", ids.Request)
	header.Set("client-request-id", ids.Client)
	for name, values := range response.Header {
		header[name] = values
	}
	header.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"Emulator","Slice":"E","Ring":"1","ScaleUnit":"001","RoleInstance":"EM1"}}`)
	if response.Status != http.StatusNoContent {
		header.Set("Content-Type", response.ContentType)
		header.Set("Content-Length", strconv.Itoa(len(response.Body)))
	}
	w.WriteHeader(response.Status)
	if cut {
		_, _ = w.Write(response.Body[:len(response.Body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(response.Body)
}
