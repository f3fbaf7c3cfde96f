package console

import (
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mattn/go-runewidth"
)

// writerTo returns a Writer for a new file, and what has been written to it.
func writerTo(t *testing.T) (*Writer, func() string) {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return NewWriter(file), func() string {
		data, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
}

func TestProgressShowsHowLongAWaitTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, written := writerTo(t)
		p := NewProgress(out)
		p.Start("Rotating")
		until := time.Now().Add(30 * time.Minute)
		for range 3 { // polls
			p.Wait("waiting for provisioning", until)
			time.Sleep(7 * time.Second)
			p.EndWait("waiting for provisioning")
		}
		p.Wait("waiting for provisioning", until)
		if got, want := p.line(80), "Rotating: waiting for provisioning, 21s of 30m"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		p.Wait("waiting for the quota", time.Time{})
		if got := p.line(80); !strings.Contains(got, "provisioning") {
			t.Errorf("the older wait does not show: %q", got)
		}
		p.EndWait("waiting for provisioning")
		if got, want := p.line(80), "Rotating: waiting for the quota, 0s"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		p.Stop()
		p.Wait("waiting for nobody", time.Time{})
		if got, want := written(), "Waiting for provisioning, up to 30m.\nWaiting for the quota.\n"; got != want {
			t.Errorf("without a terminal: %q, want %q", got, want)
		}
	})
}

func TestProgressFitsItsWidth(t *testing.T) {
	out, _ := writerTo(t)
	p := NewProgress(out)
	p.Start("Uploading")
	p.Count(4, 6)
	for width, want := range map[int]string{
		5:  "Uplo…",
		20: "Uploading 4/6",
	} {
		if got := p.line(width); got != want || runewidth.StringWidth(got) > width {
			t.Errorf("%d: got %q, want %q", width, got, want)
		}
	}
	p.Wait("waiting for the quota", time.Time{})
	if got, want := p.line(80), "Uploading 4/6: waiting for the quota, 0s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProgressIsSafeForConcurrentUse(t *testing.T) {
	out, _ := writerTo(t)
	out.isLive = true
	p := NewProgress(out)
	p.Start("Uploading")
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			text := "waiting for " + string(rune('a'+i))
			for n := range 50 {
				p.Wait(text, time.Time{})
				p.Count(n, 50)
				out.Printf("remark %d\n", n)
				p.EndWait(text)
			}
		})
	}
	done.Wait()
	p.Stop()
	if p.oldestWait() != nil {
		t.Error("still waiting")
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 7200 * time.Millisecond: "7s", 30 * time.Minute: "30m", 90 * time.Second: "1m30s", time.Hour: "1h", 90 * time.Minute: "1h30m",
	} {
		if got := short(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
