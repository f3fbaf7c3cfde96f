package intunetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
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
			faults[i].Method = http.MethodPost
		}
		w := newMemoryWire(t, intunetest.WithoutQuota(), intunetest.WithPageSize(37), intunetest.WithRandomFaults(1, 0.5, faults...))
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
