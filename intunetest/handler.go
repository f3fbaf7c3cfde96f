package intunetest

// This file takes a request through its life: recorded, struck by a fault or not, carried out, responded to.

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
	"github.com/seed-230b9595/intune-go/intunetest/internal/graph"
)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ids := exchange.NewIDs(r.Header)
	request := s.arrived(r)
	isEntra := entra.Serves(r.URL.Path)
	fault := s.takeFault(r.Method, isEntra)
	var throttled *exchange.Response
	if !isEntra {
		throttled = s.graph.Arrive(r, ids)
	}
	loseAt(fault.Drop == DropBeforeReading)
	reader := http.MaxBytesReader(w, r.Body, graph.MaxBody)
	if fault.Drop == DropWhileReading {
		_, _ = io.CopyN(io.Discard, reader, r.ContentLength/2)
		loseAt(true)
	}
	body, err := io.ReadAll(reader)
	s.received(request, r, body)
	loseAt(fault.Drop == DropAfterReading)
	s.wait(fault.Delay)

	result := fault.response(ids)
	if result == nil || fault.Committed {
		carriedOut := throttled
		if throttled == nil {
			carriedOut = s.carryOut(r, body, err, fault.VisibleAfter, ids)
		}
		if result == nil || throttled != nil {
			result = carriedOut
		}
	}
	s.wait(fault.ResponseDelay)
	loseAt(fault.Drop == DropAfterCommit)
	s.responded(request, result.Status)
	w.Header().Set("Date", s.now().Format(http.TimeFormat))
	if result.Status == http.StatusSwitchingProtocols {
		s.switchProtocols(w)
		return
	}
	send(w, result, ids, fault.Drop == DropInResponse)
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
