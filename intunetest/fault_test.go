package intunetest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const retryDate = "Wed, 21 Oct 2026 07:28:00 GMT"

var faultsOfACreate = []struct {
	name   string
	fault  intunetest.Fault
	status int    // 0 if nothing is received
	code   string // of Intune's error
	stored int
}{
	{"throttled", intunetest.Fault{Status: 429, RetryAfter: "7"}, 429, "TooManyRequests", 0},
	{"unavailable until a date", intunetest.Fault{Status: 503, RetryAfter: retryDate}, 503, "ServiceUnavailable", 0},
	{"rejected", intunetest.Fault{Status: 400}, 400, "BadRequest", 0},
	{"forbidden", intunetest.Fault{Status: 403}, 403, "Forbidden", 0},
	{"failed", intunetest.Fault{Status: 500}, 500, "UnknownError", 0},
	{"failed after the commit", intunetest.Fault{Status: 500, Committed: true}, 500, "UnknownError", 1},
	{"gateway", intunetest.Fault{Status: 502, Gateway: true}, 502, "", 0},
	{"gateway with Retry-After", intunetest.Fault{Status: 503, Gateway: true, RetryAfter: "7"}, 503, "", 0},
	{"gateway after the commit", intunetest.Fault{Status: 504, Gateway: true, Committed: true}, 504, "", 1},
	{"unavailable after the commit", intunetest.Fault{Status: 503, RetryAfter: "7", Committed: true}, 503, "ServiceUnavailable", 1},
	{"timed out after the commit", intunetest.Fault{Status: 408, Committed: true}, 408, "UnknownError", 1},
	{"given up by a gateway after the commit", intunetest.Fault{Status: 460, Gateway: true, Committed: true}, 460, "", 1},
	{"redirected after the commit", intunetest.Fault{Status: 303, Location: "/elsewhere", Gateway: true, Committed: true}, 303, "", 1},
	{"lost before reading", intunetest.Fault{Drop: intunetest.DropBeforeReading}, 0, "", 0},
	{"lost after reading", intunetest.Fault{Drop: intunetest.DropAfterReading}, 0, "", 0},
	{"lost after the commit", intunetest.Fault{Drop: intunetest.DropAfterCommit}, 0, "", 1},
	{"cut in the response", intunetest.Fault{Drop: intunetest.DropInResponse}, 201, "", 1},
	{"cut in an error", intunetest.Fault{Drop: intunetest.DropInResponse, Status: 500}, 500, "", 0},
	{"cut in an error after the commit", intunetest.Fault{Drop: intunetest.DropInResponse, Status: 500, Committed: true}, 500, "", 1},
	{"none", intunetest.Fault{}, 201, "", 1},
}

func TestFaultsStrikeOneCreate(t *testing.T) {
	for _, test := range faultsOfACreate {
		t.Run(test.name, func(t *testing.T) {
			w := newWire(t)
			w.server.Inject(test.fault)
			a := w.create(minimal)
			switch {
			case test.status == 0:
				if a.err == nil {
					t.Errorf("got %d, want the connection lost", a.status)
				}
			case test.fault.Drop == intunetest.DropInResponse:
				if a.status != test.status || !errors.Is(a.err, io.ErrUnexpectedEOF) || !strings.HasPrefix(a.body, `{"`) {
					t.Errorf("got %d %v %q, want %d and half of a body", a.status, a.err, a.body, test.status)
				}
			case test.code != "":
				if message := w.intuneError(a, test.status, test.code); message != "An error has occurred" {
					t.Errorf("the message is %q", message)
				}
			case test.fault.Gateway:
				w.wantStatus(a, test.status)
				if got := a.header.Get("Content-Type"); got != "text/html" || !strings.Contains(a.body, http.StatusText(test.status)) {
					t.Errorf("got %s %q, want a page that names the status", got, a.body)
				}
			default:
				w.wantStatus(a, test.status)
			}
			for name, want := range map[string]string{"Retry-After": test.fault.RetryAfter, "Location": test.fault.Location} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			w.wantStored(test.stored)

			w.wantStatus(w.create(minimal), http.StatusCreated)
			w.wantStored(test.stored + 1)

			struck := w.server.Requests()[1]
			wantBody := minimal
			if test.fault.Drop == intunetest.DropBeforeReading {
				wantBody = ""
			}
			if struck.Status != test.status || struck.Body != wantBody {
				t.Errorf("recorded as %d %q, want %d %q", struck.Status, struck.Body, test.status, wantBody)
			}
		})
	}
}

func TestFaultsChooseTheirRequest(t *testing.T) {
	w := newWire(t)
	w.server.Inject(
		intunetest.Fault{Method: http.MethodPost, Status: 500},
		intunetest.Fault{Token: true, Status: 503, RetryAfter: "7"},
		intunetest.Fault{Status: 429},
		intunetest.Fault{Method: http.MethodPost, Status: 502},
		intunetest.Fault{Token: true, Drop: intunetest.DropAfterCommit},
	)
	get := func() response { return w.send(http.MethodGet, certificates, "") }
	post := func() response { return w.create(minimal) }
	token := func() response { return w.signIn() }
	var got []int
	for _, send := range []func() response{get, get, post, token, token, post, post, token} {
		got = append(got, send().status)
	}
	if want := []int{429, 200, 500, 503, 0, 502, 201, 200}; !slices.Equal(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
	w.wantStored(1)
}

// Microsoft Entra ID has been seen to respond 200 without a body.
func TestFaultsCanBeEmpty(t *testing.T) {
	w := newWire(t)
	w.server.Inject(intunetest.Fault{Token: true, Status: 200, Empty: true}, intunetest.Fault{Status: 201, Empty: true, Committed: true})
	for status, a := range map[int]response{200: w.signIn(), 201: w.create(minimal)} {
		if a.status != status || a.body != "" || a.err != nil {
			t.Errorf("got %d %q %v, want %d without a body", a.status, a.body, a.err, status)
		}
	}
	w.wantStored(1)
}

func TestDelayPassesInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		w.server.Inject(intunetest.Fault{Delay: 20 * time.Second}, intunetest.Fault{Delay: time.Second, Status: 503})
		for _, want := range []struct {
			delay  time.Duration
			status int
		}{{20 * time.Second, 201}, {time.Second, 503}, {0, 201}} {
			start := time.Now()
			w.wantStatus(w.create(minimal), want.status)
			if got := time.Since(start); got != want.delay {
				t.Errorf("responded after %s, want %s", got, want.delay)
			}
		}
		w.wantStored(2)
	})
}

// A request that waits when its server is closed must end, or its goroutine would outlive the test: synctest.Test says so.
func TestDelayEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		w.server.Inject(intunetest.Fault{Delay: time.Hour})
		w.http.Timeout = time.Minute
		start := time.Now()
		if a := w.create(minimal); a.err == nil || time.Since(start) != time.Minute {
			t.Errorf("got %d %v after %s, want the client's timeout", a.status, a.err, time.Since(start))
		}
		w.wantStored(0)
	})
}

func TestInjectAllowsEveryStatusAfterTheCommitThatPromisesNothing(t *testing.T) {
	server := intunetest.NewServer(t)
	for status := 200; status < 600; status++ {
		isRejection := status == 401 || status == 429 || status == 509
		fault := intunetest.Fault{Status: status, RetryAfter: "7", Committed: true}
		if panicked := panicOf(func() { server.Inject(fault) }) != ""; panicked != isRejection {
			t.Errorf("%d after the commit: panicked is %v", status, panicked)
		}
	}
}

// Nothing follows a 101. Reading its body ends when the client closes it: the Timeout of http.Client does not count here.
func TestSwitchingProtocolsIsFollowedBySilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		w.server.Inject(intunetest.Fault{Status: http.StatusSwitchingProtocols, Committed: true})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL()+certificates, strings.NewReader(minimal))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Authorization": {"Bearer " + w.token}, "Content-Type": {"application/json"}}
		resp, err := w.http.Do(req)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("got %v %v, want a 101", resp, err)
		}
		time.AfterFunc(time.Hour, func() { _ = resp.Body.Close() })
		start := time.Now()
		if read, err := io.ReadAll(resp.Body); err == nil || len(read) > 0 || time.Since(start) != time.Hour {
			t.Errorf("got %q %v after %s, want silence for an hour", read, err, time.Since(start))
		}
		w.wantStored(1)
	})
}

func TestInjectPanicsOnAFaultThatMakesNoSense(t *testing.T) {
	server := intunetest.NewServer(t)
	for _, fault := range []intunetest.Fault{
		{Drop: "sometime"}, {Method: "post"}, {RetryAfter: "1"}, {Location: "/"}, {Gateway: true}, {Empty: true}, {Committed: true},
		{Status: 100}, {Status: 600}, {Status: 503, Drop: intunetest.DropAfterCommit}, {Status: 101, Drop: intunetest.DropInResponse},
		{AADSTS: 7000215}, {AADSTS: 7000215, Token: true, Gateway: true}, {Status: 503, Times: -1}, {Status: 503, Rate: 1.1}, {Status: 503, Every: -1},
		{AADSTS: 7000215, Token: true, Drop: intunetest.DropAfterCommit},
	} {
		if panicOf(func() { server.Inject(fault) }) == "" {
			t.Errorf("%+v is accepted", fault)
		}
	}
}

func TestSeedChoosesTheRequestsThatARateStrikes(t *testing.T) {
	statuses := func(seed uint64) (statuses []int) {
		w := newWire(t, intunetest.WithSeed(seed))
		w.server.Inject(intunetest.Fault{Status: 500, Rate: 0.5})
		for range 40 {
			statuses = append(statuses, w.get(certificates).status)
		}
		return statuses
	}
	if first := statuses(1); !slices.Equal(first, statuses(1)) || slices.Equal(first, statuses(2)) {
		t.Errorf("got %d", first)
	}
}

func TestFaultsStrikeSomeRequests(t *testing.T) {
	for name, test := range map[string]struct {
		fault intunetest.Fault
		least int // of 400 requests
		most  int
	}{
		"once":              {intunetest.Fault{Status: 500}, 1, 1},
		"three times":       {intunetest.Fault{Status: 500, Times: 3}, 3, 3},
		"a rate":            {intunetest.Fault{Status: 500, Rate: 0.3}, 90, 150},
		"a rate, and ten":   {intunetest.Fault{Status: 500, Rate: 0.3, Times: 10}, 10, 10},
		"every fourth":      {intunetest.Fault{Status: 500, Every: 4}, 100, 100},
		"every fourth once": {intunetest.Fault{Status: 500, Every: 4, Times: 1}, 1, 1},
		"of another method": {intunetest.Fault{Status: 500, Every: 1, Method: http.MethodDelete}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newMemoryWire(t, intunetest.WithoutQuota())
			w.server.Inject(test.fault)
			struck := 0
			for range 400 {
				if w.get(certificates).status == http.StatusInternalServerError {
					struck++
				}
			}
			if struck < test.least || struck > test.most {
				t.Errorf("%d requests are struck, want %d to %d", struck, test.least, test.most)
			}
		})
	}
}

func TestFaultsRejectSignIns(t *testing.T) {
	w := newWire(t)
	for _, test := range []struct {
		fault  intunetest.Fault
		status int
		code   string
		aadsts int
	}{
		{intunetest.Fault{Token: true, AADSTS: 7000222}, 401, "invalid_client", 7000222},
		{intunetest.Fault{Token: true, AADSTS: 700213}, 401, "invalid_client", 700213},
		{intunetest.Fault{Token: true, AADSTS: 50076, Status: 401}, 401, "interaction_required", 50076},
		{intunetest.Fault{Token: true, Status: 503}, 503, "temporarily_unavailable", 90033},
		{intunetest.Fault{Token: true, AADSTS: 123}, 400, "invalid_request", 123},
	} {
		w.server.Inject(test.fault)
		w.wantEntraError(w.signIn(), test.status, test.code, test.aadsts)
	}
	w.wantStatus(w.signIn(), http.StatusOK)
}

func TestFaultsAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]intunetest.Fault{
		"method=POST,times=2,status=503,retry-after=1": {Method: http.MethodPost, Status: 503, RetryAfter: "1", Times: 2},
		"token,aadsts=7000215":                         {Token: true, AADSTS: 7000215},
		"rate=0.3,drop=after-commit":                   {Rate: 0.3, Drop: intunetest.DropAfterCommit},
		"every=3,delay=1m30s,response-delay=2ms,visible-after=1h0m0s": {
			Every: 3, Delay: 90 * time.Second, ResponseDelay: 2 * time.Millisecond, VisibleAfter: time.Hour,
		},
		"status=302,location=/a?b=c,gateway,empty,committed": {Status: 302, Location: "/a?b=c", Gateway: true, Empty: true, Committed: true},
	} {
		got, err := intunetest.ParseFault(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var back intunetest.Fault
		if err := json.Unmarshal(data, &back); err != nil || back != want {
			t.Errorf("%s: got %s, %v", data, back, err)
		}
	}
}
