package rotatemodel

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	defaultRuns = 100
	perBubble   = 25
	shown       = 3 // of each kind
)

// firstDay is when the first tenant begins. Uploads of five years before must be dated after the year 2000.
var firstDay = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// TestRotateModel tells the stories of many tenants. Two thirds are plausible, and are told twice: without a person, and
// with one who answers errors.
func TestRotateModel(t *testing.T) {
	totals := map[string]*tally{"hostile": newTally(), "plausible": newTally(), "plausible, with a person": newTally()}
	tellAll := func(t *testing.T, m *model, seed uint64) {
		t.Helper()
		for mix, total := range totals {
			if isPlausible := seed%3 > 0; isPlausible == (mix != "hostile") {
				hasPerson := mix != "plausible"
				total.add(t, tell(t, m, seed, newPlan(seed, isPlausible, time.Now()), hasPerson))
			}
		}
	}
	if seed := os.Getenv("INTUNE_MODEL_SEED"); seed != "" {
		inBubble(t, func(t *testing.T, m *model) {
			t.Helper()
			for _, total := range totals {
				total.isVerbose = true
			}
			tellAll(t, m, uint64(number(t, seed)))
		})
		return
	}
	runs := modelRuns(t)
	t.Run("tenants", func(t *testing.T) {
		for first := 0; first < runs; first += perBubble {
			t.Run(strconv.Itoa(first), func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T, m *model) {
					t.Helper()
					for seed := first; seed < min(first+perBubble, runs); seed++ {
						tellAll(t, m, uint64(seed))
					}
				})
			})
		}
	})
	for _, mix := range slices.Sorted(maps.Keys(totals)) {
		totals[mix].report(t, mix)
	}
	checkBounds(t, totals["plausible"], totals["plausible, with a person"])
}

// inBubble serves the model on a listener in memory, in virtual time.
func inBubble(t *testing.T, do func(t *testing.T, m *model)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(firstDay))
		listener := intunetest.ListenMemory()
		transport := &http.Transport{DialContext: listener.DialContext}
		m := &model{transport: transport, processes: make(map[string]*process)}
		server := &http.Server{Handler: m, ReadHeaderTimeout: time.Minute, ErrorLog: nil}
		go func() { _ = server.Serve(listener) }()
		do(t, m)
		transport.CloseIdleConnections()
		_ = server.Close()
	})
}

// modelRuns is how many tenants there are.
func modelRuns(t *testing.T) int {
	t.Helper()
	return number(t, cmp.Or(os.Getenv("INTUNE_MODEL_RUNS"), strconv.Itoa(defaultRuns)))
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%q is not a number of tenants, or a seed", text)
	}
	return n
}

// tally adds up verdicts.
type tally struct {
	mu                       sync.Mutex
	isVerbose                bool
	tenants, right, bad      int
	withError                int
	classes, errs, violation map[string]int
	seeds                    map[string][]uint64 // the first of each class
}

func newTally() *tally {
	return &tally{classes: make(map[string]int), errs: make(map[string]int), violation: make(map[string]int), seeds: make(map[string][]uint64)}
}

// add adds a verdict. The first violations of each rule are shown with their stories.
func (a *tally) add(t *testing.T, v *verdict) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tenants++
	if v.hasError {
		a.withError++
	}
	switch {
	case v.isBad():
		a.bad++
	case v.lastErr == nil:
		a.right++
	default:
		a.errs[kind(v.lastErr)]++
	}
	if a.isVerbose {
		t.Log(v)
	}
	for class := range v.classes {
		if a.classes[class]++; len(a.seeds[class]) < shown {
			a.seeds[class] = append(a.seeds[class], v.seed)
		}
	}
	for _, violation := range v.violations {
		rule, _, _ := strings.Cut(violation, ":")
		if a.violation[rule]++; a.violation[rule] <= shown {
			t.Errorf("INTUNE_MODEL_SEED=%d: %s\n%s", v.seed, violation, v)
		} else {
			t.Fail()
		}
	}
}

func kind(err error) string {
	for name, sentinel := range map[string]error{"not latest": intune.ErrNotLatest, "other subject": intune.ErrOtherSubject, "not provisioned": intune.ErrNotProvisioned} {
		if errors.Is(err, sentinel) {
			return name
		}
	}
	for name, target := range map[string]any{"ambiguous": new(*intune.AmbiguousMatchError), "input": new(*intune.InputError), "unknown": new(*intune.OutcomeUnknownError)} {
		if errors.As(err, target) {
			return name
		}
	}
	return "another error"
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

// report prints the counts.
func (a *tally) report(t *testing.T, mix string) {
	t.Helper()
	t.Logf("%s: %d tenants, %.2f %% done right, %.2f %% with an honest error in the end, %.2f %% bad; an error in some run: %.1f %%",
		mix, a.tenants, percent(a.right, a.tenants), percent(a.tenants-a.right-a.bad, a.tenants), percent(a.bad, a.tenants), percent(a.withError, a.tenants))
	for title, counts := range map[string]map[string]int{"bad": a.classes, "the last error": a.errs, "violations": a.violation} {
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			t.Logf("%8.2f %% %s: %s %v", percent(counts[what], a.tenants), title, what, a.seeds[what])
		}
	}
}

// checkBounds fails if Rotate is worse than it was designed to be. Few tenants say little about rare events.
func checkBounds(t *testing.T, alone, withPerson *tally) {
	t.Helper()
	const enough = 3000
	least, leastWithPerson, mostBad := 80.0, 90.0, 2.0
	if alone.tenants >= enough {
		least, leastWithPerson, mostBad = 85, 95, 0.35
	}
	if got := percent(alone.right, alone.tenants); got < least {
		t.Errorf("%.2f %% done right without a person, want %.2f %%", got, least)
	}
	if got := percent(withPerson.right, withPerson.tenants); got < leastWithPerson {
		t.Errorf("%.2f %% done right with a person, want %.2f %%", got, leastWithPerson)
	}
	if got := percent(alone.bad, alone.tenants); got > mostBad {
		t.Errorf("%.2f %% bad, want at most %.2f %%", got, mostBad)
	}
}
