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
// and others send what no client should. What was answered with a 201 is there, and nothing hangs.
func TestNothingIsLostUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t, intunetest.WithoutQuota(), intunetest.WithPageSize(37))
		half := []intunetest.Fault{
			{Status: 503}, {Status: 504, Gateway: true, Committed: true}, {Drop: intunetest.DropBeforeReading}, {Drop: intunetest.DropWhileReading},
			{Drop: intunetest.DropAfterReading}, {Drop: intunetest.DropAfterCommit}, {Drop: intunetest.DropInResponse},
			{Delay: 300 * time.Millisecond}, {ResponseDelay: 2 * time.Second}, {VisibleAfter: 5 * time.Second},
		}
		for i := range half {
			half[i].Method, half[i].Rate = http.MethodPost, 0.5/(float64(len(half))-0.5*float64(i)) // of what is left
		}
		w.server.Inject(half...)
		hostile := []string{"", "{", "null", "[]", strings.Repeat("[", 1<<16), `{"subject":` + strings.Repeat(`{"a":`, 1<<12), "\x00\xff"}
		var mu sync.Mutex
		answered := make(map[string]string)
		var group sync.WaitGroup
		for client := range 60 {
			group.Go(func() {
				for i := range 20 {
					time.Sleep(3*time.Second - time.Duration(client)*time.Millisecond)
					w.create(hostile[(client+i)%len(hostile)])
					subject := fmt.Sprintf("CN=%d-%d", client, i)
					a := w.create(`{"subject":"` + subject + `"}`)
					var created struct{ ID string }
					if a.status != http.StatusCreated || a.err != nil || json.Unmarshal([]byte(a.body), &created) != nil {
						continue
					}
					mu.Lock()
					answered[created.ID] = subject
					mu.Unlock()
				}
			})
		}
		group.Wait()
		synctest.Wait()
		time.Sleep(time.Minute) // until everything shows
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
		for id, subject := range answered {
			if held[id] != subject {
				t.Errorf("%s is lost: %q", subject, held[id])
			}
		}
		if len(answered) < 500 || len(held) < len(answered) || len(held) > 1200 {
			t.Errorf("%d are answered, and %d held", len(answered), len(held))
		}
	})
}
