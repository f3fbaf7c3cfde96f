package intunetest

// This file takes a request through its life: recorded, struck by a fault or not, carried out, answered.

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody is how much of a request Graph takes.
const maxBody = 4 << 20

// answer is what a request will be answered with.
type answer struct {
	status      int
	header      http.Header
	contentType string
	body        []byte
}

func (a *answer) setHeader(name, value string) {
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set(name, value)
}

// ids identify a request in its answer.
type ids struct{ request, client string }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ids := ids{request: newGUID(), client: r.Header.Get("client-request-id")}
	index := s.arrived(r)
	isEntra := isEntra(r.URL.Path)
	fault := s.takeFault(r.Method, isEntra)
	throttled := s.throttle(r, isEntra, ids)
	loseAt(fault.Drop == DropBeforeReading)
	reader := http.MaxBytesReader(w, r.Body, maxBody)
	if fault.Drop == DropWhileReading {
		_, _ = io.CopyN(io.Discard, reader, r.ContentLength/2)
		loseAt(true)
	}
	body, err := io.ReadAll(reader)
	s.received(index, mask(r, body, isEntra))
	loseAt(fault.Drop == DropAfterReading)
	s.wait(fault.Delay)

	result := fault.answer(ids)
	if result == nil || fault.Committed {
		carriedOut := throttled
		if throttled == nil {
			carriedOut = s.carryOut(r, body, err, isEntra, fault.VisibleAfter, ids)
		}
		if result == nil || throttled != nil {
			result = carriedOut
		}
	}
	s.wait(fault.ResponseDelay)
	loseAt(fault.Drop == DropAfterCommit)
	s.answered(index, result.status)
	w.Header().Set("Date", s.now().Format(http.TimeFormat))
	if result.status == http.StatusSwitchingProtocols {
		s.switchProtocols(w)
		return
	}
	send(w, result, ids, fault.Drop == DropInResponse)
}

func (s *Server) carryOut(r *http.Request, body []byte, err error, isEntra bool, late time.Duration, ids ids) *answer {
	switch {
	case err != nil:
		return graphError(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request body could not be read.", ids)
	case isEntra:
		return s.entra(r, body, ids)
	}
	return s.graph(r, body, late, ids)
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

// now is the time by the clock of the service.
func (s *Server) now() time.Time { return time.Now().Add(s.clockAhead).UTC() }

// loseAt closes the connection without a word.
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

func send(w http.ResponseWriter, a *answer, ids ids, cut bool) {
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	header.Set("request-id", ids.request)
	if ids.client != "" {
		header.Set("client-request-id", ids.client)
	}
	header.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"Emulator","Slice":"E","Ring":"1","ScaleUnit":"001","RoleInstance":"EM1"}}`)
	if a.contentType == "" {
		a.contentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
	}
	if a.status != http.StatusNoContent {
		header.Set("Content-Type", a.contentType)
		header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if cut {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body)
}

func (s *Server) arrived(r *http.Request) (index int) {
	header := r.Header.Clone()
	if credentials := header.Get("Authorization"); credentials != "" {
		header.Set("Authorization", credentials[:strings.Index(credentials, " ")+1]+"***") // the scheme stays
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{Time: time.Now(), Method: r.Method, URL: maskURL(r), Header: header})
	return len(s.requests) - 1
}

func (s *Server) received(index int, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[index].Body = body
}

func (s *Server) answered(index, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[index].Status = status
}

// graphError is Graph's error envelope.
func graphError(status int, code, message string, ids ids) *answer {
	inner := map[string]string{"date": time.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": ids.request, "client-request-id": ids.client}
	return jsonAnswer(status, map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": inner}})
}

// intuneError is Graph's error envelope with Intune's JSON text for a message.
func intuneError(status int, code, message string, ids ids) *answer {
	type text struct {
		Version              int     `json:"_version"`
		Message              string  `json:"Message"`
		CustomAPIErrorPhrase string  `json:"CustomApiErrorPhrase"`
		RetryAfter           *string `json:"RetryAfter"`
		ErrorSourceService   string  `json:"ErrorSourceService"`
		HTTPHeaders          string  `json:"HttpHeaders"`
	}
	nested, _ := json.MarshalIndent(text{
		Version: 3,
		Message: fmt.Sprintf("%s - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: %s"+
			" - Url: https://fef.emulator.manage.microsoft.com/AppLifecycle_2208/StatelessAppMetadataFEService"+
			"/deviceAppManagement/enterpriseCodeSigningCertificates?api-version=5022-08-01", message, ids.request),
		HTTPHeaders: "{}",
	}, "", "  ") // strings and numbers alone
	return graphError(status, code, strings.ReplaceAll(string(nested), "\n", "\r\n"), ids)
}

func jsonAnswer(status int, value any) *answer {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("intunetest: %v", err)) // what was decoded from JSON can be encoded
	}
	return &answer{status: status, body: body}
}

func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
