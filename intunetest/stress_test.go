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
		w := newMemoryWire(t, intunetest.WithoutQuota(), intunetest.WithPageSize(37))
		w.server.Inject(halfOf(http.MethodPost,
			intunetest.Fault{Status: 503}, intunetest.Fault{Status: 504, Gateway: true, Committed: true},
			intunetest.Fault{Drop: intunetest.DropBeforeReading}, intunetest.Fault{Drop: intunetest.DropWhileReading},
			intunetest.Fault{Drop: intunetest.DropAfterReading}, intunetest.Fault{Drop: intunetest.DropAfterCommit},
			intunetest.Fault{Drop: intunetest.DropInResponse}, intunetest.Fault{Delay: 300 * time.Millisecond},
			intunetest.Fault{ResponseDelay: 2 * time.Second}, intunetest.Fault{VisibleAfter: 5 * time.Second},
		)...)
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

// halfOf gives faults rates with which each strikes equally often, and together half of the requests.
func halfOf(method string, faults ...intunetest.Fault) []intunetest.Fault {
	each := 0.5 / float64(len(faults))
	for i := range faults {
		faults[i].Method, faults[i].Rate = method, each/(1-float64(i)*each) // of what the faults before have left
	}
	return faults
}

// held are the subjects of all pages, by id.
func (w *wire) held() map[string]string {
	held := make(map[string]string)
	for next := certificates; next != ""; {
		page := w.object(w.get(next))
		for _, item := range page["value"].([]any) {
			record, _ := item.(map[string]any)
			held[record["id"].(string)], _ = record["subject"].(string)
		}
		next, _ = page["@odata.nextLink"].(string)
		next = strings.TrimPrefix(next, w.server.URL())
	}
	return held
}
