package intunetest

import (
	"net/http"
	"time"
)

// Fault is something that goes wrong with one request. Its zero fields do nothing.
type Fault struct {
	Method string // strike only a request with this method; "" strikes any
	Token  bool   // strike a request for a token instead of one to Graph

	Delay time.Duration // before anything else

	Drop Moment // close the connection at this moment

	Status      int    // answer with this status, in Graph's shape
	RetryAfter  string // the Retry-After of that answer, in seconds or as an HTTP date
	Gateway     bool   // that answer is a gateway's HTML page instead
	AfterCommit bool   // give that answer after the request has been carried out, not instead
}

// Moment is a point in the life of a request at which its connection can be lost.
type Moment string

// The moments, in the order in which a request passes them.
const (
	BeforeReading Moment = "before reading" // the body has not been read
	AfterReading  Moment = "after reading"  // nothing has been carried out
	AfterCommit   Moment = "after commit"   // it has been carried out, nothing has been answered
	InAnswer      Moment = "in answer"      // half of the answer's body has been sent
)

// Inject queues faults. Each request takes the first one that fits it.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

func (s *Server) takeFault(method string, token bool) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Token == token && (f.Method == "" || f.Method == method) {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			return f
		}
	}
	return Fault{}
}

// answer is the fault's own answer, if it has one.
func (f *Fault) answer(ids ids) *answer {
	switch {
	case f.Status == 0:
		return nil
	case f.Gateway:
		page := "<html><head><title>" + http.StatusText(f.Status) + "</title></head><body>gateway</body></html>"
		return f.withRetryAfter(&answer{status: f.Status, contentType: "text/html", body: []byte(page)})
	case f.Token:
		return f.withRetryAfter(oauthError(f.Status, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.", ids))
	}
	return f.withRetryAfter(intuneError(f.Status, faultCode(f.Status), "An error has occurred", ids))
}

func (f *Fault) withRetryAfter(a *answer) *answer {
	if f.RetryAfter != "" {
		a.setHeader("Retry-After", f.RetryAfter)
	}
	return a
}

func faultCode(status int) string {
	switch status {
	case http.StatusTooManyRequests:
		return "TooManyRequests"
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable"
	case http.StatusBadRequest:
		return "BadRequest"
	case http.StatusForbidden:
		return "Forbidden"
	}
	return "UnknownError"
}
