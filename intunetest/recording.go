package intunetest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
)

// Request is a request that arrived, as it was on the wire except that secrets are masked.
type Request struct {
	Time   time.Time
	Method string
	URL    string // the path and the query
	Header http.Header
	Body   []byte
	Status int // of the response, 0 if the connection was closed before its status line
}

// Requests returns the requests that arrived, in order of arrival, including those to Microsoft Entra ID.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, 0, len(s.requests))
	for _, r := range s.requests {
		requests = append(requests, *r)
	}
	return requests
}

func (s *Server) arrived(r *http.Request) *Request {
	header := r.Header.Clone()
	if credentials := header.Get("Authorization"); credentials != "" {
		header.Set("Authorization", credentials[:strings.Index(credentials, " ")+1]+"***") // the scheme stays
	}
	url := r.URL.RequestURI()
	if entra.Serves(r.URL.Path) {
		url = entra.MaskURL(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	request := &Request{Time: time.Now(), Method: r.Method, URL: url, Header: header}
	s.requests = append(s.requests, request)
	if surplus := len(s.requests) - s.config.MaxRequests; s.config.MaxRequests > 0 && surplus > 0 {
		s.requests = slices.Delete(s.requests, 0, surplus)
	}
	return request
}

func (s *Server) received(request *Request, r *http.Request, body []byte) {
	if entra.Serves(r.URL.Path) {
		body = entra.Mask(r, body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	request.Body = body
}

func (s *Server) responded(request *Request, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request.Status = status
}
