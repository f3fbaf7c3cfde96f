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

// Fault is a failure of one request; see [Server.Inject]. Its zero fields have no effect.
type Fault struct {
	Method string  `json:"method"` // only a request with this method, such as "POST"; "" is any
	Token  bool    `json:"token"`  // a request to Microsoft Entra ID, such as one for a token, instead of one to Graph
	Times  int     `json:"times"`  // strike this many requests; 0 is one, or with Rate or Every all
	Rate   float64 `json:"rate"`   // strike a request only with this probability; 0 is always
	Every  int     `json:"every"`  // strike only every nth matching request: 3 is the third, the sixth and so on

	Delay         time.Duration `json:"delay"`          // before the request takes effect, which happens even if the client has left by then
	ResponseDelay time.Duration `json:"response-delay"` // after the request has taken effect, before the response
	VisibleAfter  time.Duration `json:"visible-after"`  // the certificate that it creates can be seen only this long afterwards

	Drop DropPoint `json:"drop"` // lose the connection at this point, over HTTP/2 with all requests on it

	Status     int    `json:"status"`      // respond with this status, in Graph's shape; after a 101, which HTTP/2 does not have, nothing follows
	AADSTS     int    `json:"aadsts"`      // with Token: respond with this error number of Microsoft Entra ID, such as 7000215; Status can be 0
	RetryAfter string `json:"retry-after"` // the Retry-After of that response, in seconds or as an HTTP date
	Location   string `json:"location"`    // the Location of that response
	Gateway    bool   `json:"gateway"`     // that response is a gateway's HTML page instead
	Empty      bool   `json:"empty"`       // that response has no body
	Committed  bool   `json:"committed"`   // that response comes after the request has taken effect, not instead
}

// DropPoint is a point in the life of a request at which its connection can be lost; see [Fault].
type DropPoint string

// The points, in the order in which a request passes them.
const (
	DropBeforeReading DropPoint = "before-reading" // the body has not been read
	DropWhileReading  DropPoint = "while-reading"  // half of the body has been read
	DropAfterReading  DropPoint = "after-reading"  // the body has been read, and nothing has been done
	DropAfterCommit   DropPoint = "after-commit"   // the request has taken effect, and the response has not been sent
	DropInResponse    DropPoint = "in-response"    // half of the response's body has been sent; a response without a body arrives
)

var dropPoints = []DropPoint{DropBeforeReading, DropWhileReading, DropAfterReading, DropAfterCommit, DropInResponse}

// Inject queues faults. Each request takes the first one that matches it. Inject panics on a fault that [Fault.Check]
// rejects.
func (s *Server) Inject(faults ...Fault) {
	for _, fault := range faults {
		if err := fault.Check(); err != nil {
			panic(fmt.Sprintf("intunetest: fault %s: %v", fault, err))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 && f.Rate == 0 && f.Every == 0 {
			f.Times = 1
		}
		s.faults = append(s.faults, &queued{Fault: f})
	}
}

// Faults returns the faults that are still queued, with the Times that are left.
func (s *Server) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := make([]Fault, 0, len(s.faults))
	for _, f := range s.faults {
		faults = append(faults, f.Fault)
	}
	return faults
}

// ClearFaults removes the faults that are still queued.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// queued is a fault that waits for its requests.
type queued struct {
	Fault

	fitted int // requests so far, for Every
}

// Check returns an error for a fault that makes no sense: an unknown drop point, fields of a response without its
// status, an error of Microsoft Entra ID from Graph, numbers that are out of range, or a 401, a 429 or a 509 with
// Committed, because those promise that the request had no effect. Any other status can follow the commit, as the
// gateways of real services show.
func (f Fault) Check() error {
	isSwitching := f.Status == http.StatusSwitchingProtocols
	switch {
	case f.Drop != "" && !slices.Contains(dropPoints, f.Drop):
		return fmt.Errorf("the drop point %q is not one of %s", f.Drop, strings.Trim(strings.ReplaceAll(fmt.Sprint(dropPoints), " ", ", "), "[]"))
	case f.Method != strings.ToUpper(f.Method):
		return errors.New("the method is not in upper case")
	case f.Times < 0 || f.Every < 0 || f.Rate < 0 || f.Rate > 1:
		return errors.New("times, every or rate is out of range")
	case f.AADSTS != 0 && (!f.Token || f.Gateway || f.Empty):
		return errors.New("an AADSTS number is for a response of Microsoft Entra ID")
	case f.Status == 0 && f.AADSTS == 0 && (f.RetryAfter != "" || f.Location != "" || f.Gateway || f.Empty || f.Committed):
		return errors.New("the response has no status")
	case f.Status != 0 && !isSwitching && (f.Status < 200 || f.Status > 599):
		return errors.New("the status is neither 101 nor one of 200 to 599")
	case (f.Status != 0 || f.AADSTS != 0) && f.Drop != "" && f.Drop != DropInResponse, isSwitching && f.Drop != "":
		return errors.New("the connection is lost before the response")
	case f.Committed && slices.Contains([]int{http.StatusUnauthorized, http.StatusTooManyRequests, statusBandwidthLimitExceeded}, f.Status):
		return errors.New("a request that is rejected with this status has no effect")
	}
	return nil
}

const statusBandwidthLimitExceeded = 509

// takeFault returns the fault that strikes a request, the zero one for none.
func (s *Server) takeFault(method string, token bool) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if !s.strikes(f, method, token) {
			continue
		}
		struck := f.Fault
		struck.Times = 0 // what is left is no matter of this request
		if f.Times > 1 {
			f.Times--
		} else if f.Times == 1 {
			s.faults = slices.DeleteFunc(s.faults, func(other *queued) bool { return other == f })
		}
		return struck
	}
	return Fault{}
}

func (s *Server) strikes(f *queued, method string, token bool) bool {
	if f.Token != token || f.Method != "" && f.Method != method {
		return false
	}
	f.fitted++
	return (f.Every == 0 || f.fitted%f.Every == 0) && (f.Rate == 0 || s.random.Float64() < f.Rate)
}

// response is the fault's own response, nil if it has none.
func (f Fault) response(ids exchange.IDs) *exchange.Response {
	var response *exchange.Response
	switch {
	case f.Token && (f.Status != 0 || f.AADSTS != 0) && !f.Gateway:
		response = entra.Injected(f.AADSTS, f.Status, ids)
	case f.Status == 0:
		return nil
	case f.Gateway:
		page := "<html><head><title>" + http.StatusText(f.Status) + "</title></head><body>gateway</body></html>"
		response = &exchange.Response{Status: f.Status, ContentType: "text/html", Body: []byte(page)}
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
