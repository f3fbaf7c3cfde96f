package intunetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// Request is a request that arrived, as sent except that secrets are masked; see [Server.Requests].
type Request struct {
	Time   time.Time   `json:"time"`
	Method string      `json:"method"`
	URL    string      `json:"url"` // the path and the query
	Header http.Header `json:"header"`
	Body   string      `json:"body,omitempty"`
	Status int         `json:"status"`         // of the response, 0 if the connection was closed before its status line
	Who    string      `json:"who,omitempty"`  // the user, or "application", whose access token came with it; "" for none
	Fault  Fault       `json:"fault,omitzero"` // that struck it, the zero one for none
}

// maxKept is how many bytes of requests are kept. Anybody can send them.
const maxKept = 64 << 20

// recorded is a request that is kept.
type recorded struct {
	Request

	begin int // how many bytes of requests had arrived before it
}

// Requests returns the requests that arrived, in order of arrival, including those to Microsoft Entra ID. It keeps only the
// latest, 64 MiB in all.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, 0, len(s.requests))
	for _, r := range s.requests {
		requests = append(requests, r.Request)
	}
	return requests
}

// ClearRequests forgets the requests that arrived.
func (s *Server) ClearRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

func (s *Server) arrived(r *http.Request, fault Fault) *recorded {
	header := r.Header.Clone()
	if credentials := header.Get("Authorization"); credentials != "" {
		header.Set("Authorization", credentials[:strings.Index(credentials, " ")+1]+"***") // the scheme stays
	}
	url := r.URL.RequestURI()
	if entra.Serves(r.URL.Path) {
		url = entra.MaskURL(r)
	}
	request := &recorded{Request: Request{Time: time.Now(), Method: r.Method, URL: url, Header: header, Fault: fault}}
	if token, known := s.entra.Lookup(exchange.Bearer(r)); known {
		request.Who = token.Who()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	request.begin = s.bytesArrived
	s.requests = append(s.requests, request)
	return request
}

func (s *Server) received(request *recorded, r *http.Request, body string) {
	if entra.Serves(r.URL.Path) {
		body = entra.Mask(r, body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	request.Body, request.begin = body, s.bytesArrived
	s.bytesArrived += len(body) + len(request.URL) + len(fmt.Sprint(request.Header))
	s.requests = slices.DeleteFunc(s.requests, func(r *recorded) bool { return s.bytesArrived-r.begin > maxKept })
}

func (s *Server) responded(request *recorded, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request.Status = status
}

func (s *Server) log(request *recorded) {
	s.mu.Lock()
	done := request.Request
	s.mu.Unlock()
	s.config.log(done)
}
