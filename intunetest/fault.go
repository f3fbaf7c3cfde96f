package intunetest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
	"github.com/seed-230b9595/intune-go/intunetest/internal/graph"
)

// Fault is something that goes wrong with one request. Its zero fields do nothing.
type Fault struct {
	Method string // only a request with this method, such as "POST"; "" is any
	Token  bool   // a request to Microsoft Entra ID, such as one for a token, instead of one to Graph

	Delay         time.Duration // before the request is carried out, which happens even if the client has left by then
	ResponseDelay time.Duration // after the request has been carried out, before the response
	VisibleAfter  time.Duration // the certificate that it creates can be seen only this long afterwards

	Drop DropPoint // lose the connection at this point

	Status     int    // respond with this status, in Graph's shape; after a 101 nothing follows
	RetryAfter string // the Retry-After of that response, in seconds or as an HTTP date
	Location   string // the Location of that response
	Gateway    bool   // that response is a gateway's HTML page instead
	Empty      bool   // that response has no body
	Committed  bool   // that response comes after the request has been carried out, not instead
}

// DropPoint is a point in the life of a request at which its connection can be lost.
type DropPoint string

// The points, in the order in which a request passes them.
const (
	DropBeforeReading DropPoint = "before reading" // the body has not been read
	DropWhileReading  DropPoint = "while reading"  // half of the body has been read
	DropAfterReading  DropPoint = "after reading"  // nothing has been carried out
	DropAfterCommit   DropPoint = "after commit"   // it has been carried out, and the response has not been sent
	DropInResponse    DropPoint = "in response"    // half of the response's body has been sent; a response without a body arrives
)

// Inject queues faults. Each request takes the first one that fits it. Inject panics on a fault that Check rejects.
func (s *Server) Inject(faults ...Fault) {
	for _, fault := range faults {
		if err := fault.Check(); err != nil {
			panic(fmt.Sprintf("intunetest: fault %+v: %v", fault, err))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Check reports a fault that makes no sense: an unknown drop point, fields of a response without its status, or a 401, a
// 429 or a 509 with Committed, because those promise that nothing has been carried out. Any other status can follow the
// commit, as the gateways of real services show.
func (f Fault) Check() error {
	points := []DropPoint{"", DropBeforeReading, DropWhileReading, DropAfterReading, DropAfterCommit, DropInResponse}
	isSwitching := f.Status == http.StatusSwitchingProtocols
	switch {
	case !slices.Contains(points, f.Drop):
		return errors.New("the drop point is unknown")
	case f.Method != strings.ToUpper(f.Method):
		return errors.New("the method is not in upper case")
	case f.Status == 0 && (f.RetryAfter != "" || f.Location != "" || f.Gateway || f.Empty || f.Committed):
		return errors.New("the response has no status")
	case f.Status != 0 && !isSwitching && (f.Status < 200 || f.Status > 599):
		return errors.New("the status is neither 101 nor one of 200 to 599")
	case f.Status != 0 && f.Drop != "" && f.Drop != DropInResponse, isSwitching && f.Drop != "":
		return errors.New("the connection is lost before the response")
	case f.Committed && f.isRejection():
		return errors.New("a request that was rejected with this status has not been carried out")
	}
	return nil
}

// isRejection reports whether the status promises that nothing was carried out.
func (f Fault) isRejection() bool {
	return f.Status == http.StatusUnauthorized || f.Status == http.StatusTooManyRequests || f.Status == statusBandwidthLimitExceeded
}

const statusBandwidthLimitExceeded = 509

func (s *Server) takeFault(method string, token bool) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.fits(method, token) {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			return f
		}
	}
	if s.config.randomFault != nil {
		if f := s.config.randomFault(); f.fits(method, token) {
			return f
		}
	}
	return Fault{}
}

func (f Fault) fits(method string, token bool) bool {
	return f.Token == token && (f.Method == "" || f.Method == method)
}

// response is the fault's own response, nil if it has none.
func (f Fault) response(ids exchange.IDs) *exchange.Response {
	var response *exchange.Response
	switch {
	case f.Status == 0:
		return nil
	case f.Gateway:
		page := "<html><head><title>" + http.StatusText(f.Status) + "</title></head><body>gateway</body></html>"
		response = &exchange.Response{Status: f.Status, ContentType: "text/html", Body: []byte(page)}
	case f.Token:
		response = entra.TransientError(f.Status, ids)
	default:
		response = graph.Fault(f.Status, ids)
	}
	if f.Empty {
		response.Body = nil
	}
	if f.RetryAfter != "" {
		response.SetHeader("Retry-After", f.RetryAfter)
	}
	if f.Location != "" {
		response.SetHeader("Location", f.Location)
	}
	return response
}
