package main

import (
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
)

func TestDurationTakesDaysBesidesGoDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 30 * day, "0d": 0, "0": 0, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "60", "d", "-1d", "-1h", "1.5d", "60d12", "1w", "1d-1h", "1d1d", "12h1d", "999999999d", "99999999999999999999d", "soon"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("CN=Contoso Apps, O=Contoso Ltd", 12)
	f.Add("証明書証明書証明書証明書 a", 11)
	f.Fuzz(func(t *testing.T, text string, width int) {
		text = plain(text)
		if width < 10 || width > 1000 {
			return
		}
		lines := wrap(text, width)
		for _, line := range lines {
			if runewidth.StringWidth(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
		if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""), strings.Join(strings.Fields(text), ""); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}

func TestProgressIsSafeForConcurrentUse(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	a := &app{terminal: &terminal{err: file}}
	p := a.newProgress("Uploading")
	logger := slog.New(newLogHandler(p, true))
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			wait := logger.With("reason", "quota", "clientRequestId", string(rune('a'+i)))
			for n := range 50 {
				wait.Info("intune: waiting")
				p.count(n, 50)
				p.remark("remark %d", n)
				wait.Info("intune: waited")
			}
		})
	}
	done.Wait()
	p.stop()
	if len(p.waits) != 0 {
		t.Errorf("still waiting: %v", p.waits)
	}
}

func TestAnEndThatIsLoggedBeforeItsBeginningEndsTheWait(t *testing.T) {
	a := &app{terminal: &terminal{err: os.Stderr}}
	p := a.newProgress("Uploading")
	p.end("1")
	p.begin("1", "waiting for the quota")
	if wait := p.oldestWait(); wait.text != "" {
		t.Errorf("still %q", wait.text)
	}
	p.stop()
}
