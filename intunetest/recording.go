package intunetest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// Request is a request that arrived, as sent except that secrets are masked; see [Server.Requests].
type Request struct {
	Time   time.Time
	Method string
	URL    string // the path and the query
	Header http.Header
	Body   []byte
	Status int    // of the response, 0 if the connection was closed before its status line
	Who    string // the user, or "application", whose access token came with it; "" for none
	Fault  Fault  // that struck it, the zero one for none
}

// maxUnknown is how many bytes of requests without a known access token are kept. Anybody can send them.
const maxUnknown = 16 << 20

// recorded is a request that is kept.
type recorded struct {
	Request

	unknown int // its size, if it came without a known access token
}

// Requests returns the requests that arrived, in order of arrival, including those to Microsoft Entra ID. Of the
// requests without a known access token, it keeps only the latest, 16 MiB in all.
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
	s.requests, s.unknown = nil, 0
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
	} else {
		request.unknown = len(url)
		for name, values := range header {
			request.unknown += len(name) + len(strings.Join(values, ""))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
	s.unknown += request.unknown
	if surplus := len(s.requests) - s.config.MaxRequests; s.config.MaxRequests > 0 && surplus > 0 {
		s.forget(func(*recorded) bool { surplus--; return surplus >= 0 })
	}
	return request
}

func (s *Server) received(request *recorded, r *http.Request, body []byte) {
	if entra.Serves(r.URL.Path) {
		body = entra.Mask(r, body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	request.Body = body
	if request.unknown > 0 {
		request.unknown += len(body)
		s.unknown += len(body)
	}
	s.forget(func(r *recorded) bool { return s.unknown > maxUnknown && r.unknown > 0 })
}

// forget removes requests, the oldest first. It is called with the lock held.
func (s *Server) forget(isSurplus func(*recorded) bool) {
	s.requests = slices.DeleteFunc(s.requests, func(r *recorded) bool {
		if !isSurplus(r) {
			return false
		}
		s.unknown -= r.unknown
		return true
	})
}

func (s *Server) responded(request *recorded, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request.Status = status
}

func (s *Server) log(request *recorded) {
	if s.config.log == nil {
		return
	}
	s.mu.Lock()
	done := request.Request
	s.mu.Unlock()
	s.config.log(done)
}
