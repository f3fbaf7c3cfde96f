package intunetest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong with one request. Its zero fields do nothing.
type Fault struct {
	Method string // strike only a request with this method, such as "POST"; "" strikes any
	Token  bool   // strike a request to Microsoft Entra ID, such as one for a token, instead of one to Graph

	Delay         time.Duration // before the request is carried out, which it is even where the client has left by then
	ResponseDelay time.Duration // after it has been carried out, before it is answered
	VisibleAfter  time.Duration // what it creates shows in answers only this long afterwards

	Drop DropPoint // lose the connection at this point

	Status     int    // respond with this status, in Graph's shape; after a 101 nothing follows
	RetryAfter string // the Retry-After of that response, in seconds or as an HTTP date
	Location   string // the Location of that response
	Gateway    bool   // that response is a gateway's HTML page instead
	Committed  bool   // that response comes after the request has been carried out, not instead
}

// DropPoint is a point in the life of a request at which its connection can be lost.
type DropPoint string

// The points, in the order in which a request passes them.
const (
	DropBeforeReading DropPoint = "before reading" // the body has not been read
	DropWhileReading  DropPoint = "while reading"  // half of the body has been read
	DropAfterReading  DropPoint = "after reading"  // nothing has been carried out
	DropAfterCommit   DropPoint = "after commit"   // it has been carried out, nothing has been answered
	DropInResponse    DropPoint = "in answer"      // half of the answer's body has been sent; without a body it arrives
)

// Inject queues faults. Each request takes the first one that fits it. Inject panics on a fault that makes no sense:
// an unknown drop point, fields of a response without its status, or a 401, a 429 or a 509 with Committed, because those
// promise that nothing has been carried out. Any other status can follow the commit, as the gateways of real services show.
func (s *Server) Inject(faults ...Fault) {
	for i := range faults {
		if problem := faults[i].problem(); problem != "" {
			panic(fmt.Sprintf("intunetest: fault %+v: %s", faults[i], problem))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

func (f *Fault) problem() string {
	points := []DropPoint{"", DropBeforeReading, DropWhileReading, DropAfterReading, DropAfterCommit, DropInResponse}
	isSwitching := f.Status == http.StatusSwitchingProtocols
	switch {
	case !slices.Contains(points, f.Drop):
		return "the drop point is unknown"
	case f.Method != strings.ToUpper(f.Method):
		return "the method is not in upper case"
	case f.Status == 0 && (f.RetryAfter != "" || f.Location != "" || f.Gateway || f.Committed):
		return "the response has no status"
	case f.Status != 0 && !isSwitching && (f.Status < 200 || f.Status > 599):
		return "the status is neither 101 nor one of 200 to 599"
	case f.Status != 0 && f.Drop != "" && f.Drop != DropInResponse, isSwitching && f.Drop != "":
		return "the connection is lost before the response"
	case f.Committed && f.isRejection():
		return "a request that was rejected with this status has not been carried out"
	}
	return ""
}

// isRejection reports whether the status promises that nothing was carried out.
func (f *Fault) isRejection() bool {
	return f.Status == http.StatusUnauthorized || f.Status == http.StatusTooManyRequests || f.Status == statusBandwidthLimitExceeded
}

const statusBandwidthLimitExceeded = 509

// WithRandomFaults strikes each request to Graph with the given probability by one of faults, chosen by a generator
// with this seed. Injected faults come first.
func WithRandomFaults(seed uint64, probability float64, faults ...Fault) ServerOption {
	random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // to be repeatable
	return func(s *Server) {
		s.randomFault = func() Fault {
			if random.Float64() >= probability {
				return Fault{}
			}
			return faults[random.IntN(len(faults))]
		}
	}
}

func (s *Server) takeFault(method string, token bool) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.strikes(method, token) {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			return f
		}
	}
	if s.randomFault != nil {
		if f := s.randomFault(); f.strikes(method, token) {
			return f
		}
	}
	return Fault{}
}

func (f *Fault) strikes(method string, token bool) bool {
	return f.Token == token && (f.Method == "" || f.Method == method)
}

// answer is the fault's own answer, if it has one.
func (f *Fault) answer(ids ids) *answer {
	switch {
	case f.Status == 0:
		return nil
	case f.Gateway:
		page := "<html><head><title>" + http.StatusText(f.Status) + "</title></head><body>gateway</body></html>"
		return f.withHeader(&answer{status: f.Status, contentType: "text/html", body: []byte(page)})
	case f.Token:
		no := refusal{90033, f.Status, "temporarily_unavailable", "A transient error has occurred. Please try again."}
		return f.withHeader(no.answer(ids))
	}
	return f.withHeader(intuneError(f.Status, faultCode(f.Status), "An error has occurred", ids))
}

func (f *Fault) withHeader(a *answer) *answer {
	if f.RetryAfter != "" {
		a.setHeader("Retry-After", f.RetryAfter)
	}
	if f.Location != "" {
		a.setHeader("Location", f.Location)
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
