package intunetest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func (w *wire) times(n int, status int, send func() response) {
	w.Helper()
	for range n {
		w.wantStatus(send(), status)
	}
}

func (w *wire) wantThrottled(a response, retryAfter string) {
	w.Helper()
	w.intuneError(a, http.StatusTooManyRequests, "TooManyRequests")
	if got := a.header.Get("Retry-After"); got != retryAfter {
		w.Errorf("Retry-After is %q, want %q", got, retryAfter)
	}
}

func TestQuotaOfWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		create := func() response { return w.create(minimal) }
		read := func() response { return w.get(certificates) }
		w.times(50, http.StatusCreated, create)
		time.Sleep(10*time.Second + time.Nanosecond)
		w.times(50, http.StatusCreated, create)
		w.wantThrottled(create(), "10") // 9.999999999 s, in whole seconds
		w.times(1, http.StatusOK, read)
		time.Sleep(10*time.Second - 2*time.Nanosecond)
		w.wantThrottled(create(), "1")
		time.Sleep(time.Nanosecond) // 20 s after the first 50, two of whose places the two rejections have taken
		w.times(48, http.StatusCreated, create)
		w.wantThrottled(create(), "11") // 10.000000001 s
		w.wantStored(148)
	})
}

func TestRejectedRequestsCountAgainstTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		create := func() response { return w.create(minimal) }
		w.times(100, http.StatusCreated, create)
		for range 9 { // up to two seconds before the period ends
			time.Sleep(2 * time.Second)
			w.times(10, http.StatusTooManyRequests, create)
		}
		time.Sleep(time.Second)
		w.wantThrottled(create(), "1")
		time.Sleep(time.Second)
		w.times(9, http.StatusCreated, create)
		w.wantThrottled(create(), "2")
		w.wantStored(109)
	})
}

func TestQuotaOfAllRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		w.times(100, http.StatusCreated, func() response { return w.create(minimal) })
		read := func() response { return w.get(certificates + "/missing") }
		w.times(900, http.StatusNotFound, read)
		w.wantThrottled(read(), "20")
		w.wantThrottled(w.get(certificates+query("$top=x")), "20")
		w.wantThrottled(w.create(minimal), "20")
		w.wantStatus(w.signIn(), http.StatusOK)
		time.Sleep(20 * time.Second)
		w.times(1000, http.StatusNotFound, read)
		w.wantThrottled(w.create(minimal), "20")
	})
}

func TestWhatCountsAgainstTheQuota(t *testing.T) {
	type fault = intunetest.Fault
	send := func(method, path, body string, headers ...string) func(w *wire) response {
		return func(w *wire) response { return w.send(method, path, body, headers...) }
	}
	const missing = certificates + "/missing"
	tests := []struct {
		name   string
		send   func(w *wire) response
		fault  fault
		counts bool
	}{
		{"POST", send(http.MethodPost, certificates, minimal), fault{}, true},
		{"POST of a bad body", send(http.MethodPost, certificates, `{}`), fault{}, true},
		{"PATCH", send(http.MethodPatch, missing, `{}`), fault{}, true},
		{"PUT", send(http.MethodPut, missing, `{}`), fault{}, true},
		{"DELETE", send(http.MethodDelete, missing, ``), fault{}, true},
		{"lost before reading", send(http.MethodPost, certificates, minimal), fault{Drop: intunetest.DropBeforeReading}, true},
		{"rejected by a fault", send(http.MethodPost, certificates, minimal), fault{Status: 503}, true},
		{"GET", send(http.MethodGet, certificates, ``), fault{}, false},
		{"token", func(w *wire) response { return w.signIn() }, fault{}, false},
		{"no token", send(http.MethodPost, certificates, minimal, "Authorization:"), fault{}, false},
		{"unknown token", send(http.MethodPost, certificates, minimal, "Authorization: Bearer x"), fault{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWire(t)
				w.times(99, http.StatusCreated, func() response { return w.create(minimal) })
				w.server.Inject(test.fault)
				test.send(w)
				want := http.StatusCreated
				if test.counts {
					want = http.StatusTooManyRequests
				}
				w.wantStatus(w.create(minimal), want)
			})
		})
	}
}

func TestAFaultDoesNotCommitWhatTheQuotaRejects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		w.times(100, http.StatusCreated, func() response { return w.create(minimal) })
		w.server.Inject(intunetest.Fault{Status: 504, Gateway: true, Committed: true}, intunetest.Fault{Status: 503})
		w.wantThrottled(w.create(minimal), "20")
		w.wantStatus(w.create(minimal), http.StatusServiceUnavailable)
		w.wantStored(100)
	})
}
