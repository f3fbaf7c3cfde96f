package intunetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestNothingIsLostUnderLoad: 60 clients create 1,200 certificates in a minute of virtual time, half of the requests fail,
// and others send what no client should. What was created with a 201 is there, and nothing hangs.
func TestNothingIsLostUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := []intunetest.Fault{
			{Status: 503}, {Status: 504, Gateway: true, Committed: true}, {Drop: intunetest.DropBeforeReading}, {Drop: intunetest.DropWhileReading},
			{Drop: intunetest.DropAfterReading}, {Drop: intunetest.DropAfterCommit}, {Drop: intunetest.DropInResponse},
			{Delay: 300 * time.Millisecond}, {ResponseDelay: 2 * time.Second}, {VisibleAfter: 5 * time.Second},
		}
		for i := range faults {
			faults[i].Method, faults[i].Rate = http.MethodPost, 0.067 // together half
		}
		w := newMemoryWire(t, intunetest.WithoutQuota(), intunetest.WithPageSize(37))
		w.server.Inject(faults...)
		hostile := []string{"", "{", "null", "[]", strings.Repeat("[", 1<<16), `{"subject":` + strings.Repeat(`{"a":`, 1<<12), "\x00\xff"}
		var created sync.Map // subjects by id
		var group sync.WaitGroup
		for client := range 60 {
			group.Go(func() {
				for i := range 20 {
					time.Sleep(3*time.Second - time.Duration(client)*time.Millisecond)
					w.create(hostile[(client+i)%len(hostile)])
					subject := fmt.Sprintf("CN=%d-%d", client, i)
					a := w.create(`{"subject":"` + subject + `"}`)
					var record struct{ ID string }
					if a.status == http.StatusCreated && a.err == nil && json.Unmarshal([]byte(a.body), &record) == nil {
						created.Store(record.ID, subject)
					}
				}
			})
		}
		group.Wait()
		time.Sleep(time.Minute) // until everything shows
		held := w.held()
		count := 0
		created.Range(func(id, subject any) bool {
			count++
			if held[id.(string)] != subject {
				t.Errorf("%s is lost", subject)
			}
			return true
		})
		if count < 500 || len(held) < count || len(held) > 1200 {
			t.Errorf("%d are created, and %d held", count, len(held))
		}
	})
}

// held are the subjects of all pages, by id.
func (w *wire) held() map[string]string {
	held := make(map[string]string)
	for next := certificates; next != ""; {
		value, page := w.list(next)
		for _, record := range value {
			held[record["id"].(string)], _ = record["subject"].(string)
		}
		next, _ = page["@odata.nextLink"].(string)
		next = strings.TrimPrefix(next, w.server.URL())
	}
	return held
}

// The emulator takes bodies of 4 MiB, and may allocate 100 MiB for one. A 64th of both shows what is too much.
const (
	hostileSize = 4 << 20 / 64
	hostileCost = 100 << 20 / 64
	formCost    = 4 << 20 // of a form, which is never larger
)

// FuzzBodiesCostLittleMemory repeats a unit, so that the body becomes deep, wide or long.
func FuzzBodiesCostLittleMemory(f *testing.F) {
	for _, seed := range [][3]string{
		{`{"subject":`, `[`, ``}, {`{"subject":"CN=A","a":`, `{"a":`, `1`}, {`{`, `"a@b":0,`, `"subject":"CN=A"}`},
		{`{`, `"subject":"CN=A",`, `"x":1}`}, {`{"subject":"`, `<`, `"}`}, {`{"subject":"`, "\xc2", `"}`}, {`{"x":"`, `<`, `"}`}, {`{"status":"`, `"`, ``},
		{`{"content":"`, `AAAA`, `"}`}, {`[`, `{},`, `{}]`}, {`{"requests":[`, `{},`, `{}]}`}, {`{"requests":[`, `[`, ``},
		{`{"requests":[{"id":"1","method":"POST","url":"/a","dependsOn":[`, `"",`, `""]}]}`},
		{`{"requests":[{"id":"1","method":"POST","url":"/a","headers":{"a":"`, `b`, `"}}]}`},
		{``, `a&`, ``}, {``, `t+=&`, ``}, {`claims=`, `%5B`, ``}, {`client_id=`, `%3C`, ``}, {`grant_type=client_credentials&client_assertion=`, `a.`, ``},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	server := intunetest.NewServer(f, intunetest.WithoutQuota())
	w := &wire{server: server, http: server.HTTPClient()}
	f.Fuzz(func(t *testing.T, before, unit, after string) {
		w.T = t
		server.Reset()
		w.token = w.accessToken(graphScope)
		body := before + strings.Repeat(unit, max(0, hostileSize-len(before)-len(after))/max(1, len(unit))) + after
		for _, target := range []struct {
			path, contentType string
			most              uint64
		}{
			{certificates, "application/json", hostileCost}, {"/beta/$batch", "application/json", hostileCost},
			{"/" + intunetest.TenantID + "/oauth2/v2.0/token", "application/x-www-form-urlencoded", formCost},
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+target.path, strings.NewReader(body))
			r.Header = http.Header{"Authorization": {"Bearer " + w.token}, "Content-Type": {target.contentType}}
			var started, ended runtime.MemStats
			runtime.ReadMemStats(&started)
			server.ServeHTTP(httptest.NewRecorder(), r)
			runtime.ReadMemStats(&ended)
			if cost := ended.TotalAlloc - started.TotalAlloc; cost > target.most {
				t.Errorf("%s: %d bytes are allocated", target.path, cost)
			}
		}
	})
}
