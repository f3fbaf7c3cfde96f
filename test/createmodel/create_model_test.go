package createmodel

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
)

const (
	defaultRuns = 500
	perBubble   = 125
	shownRuns   = 5 // of those that fail, with their requests
)

// TestCreateModel carries out random plans and judges them.
func TestCreateModel(t *testing.T) {
	certificates()
	total := newTally()
	if seed := os.Getenv("INTUNE_MODEL_SEED"); seed != "" {
		defer total.report(t) // synctest.Test ends a test that fails
		runAgain(t, total, uint64(number(t, seed)))
		return
	}
	runs := number(t, cmp.Or(os.Getenv("INTUNE_MODEL_RUNS"), strconv.Itoa(defaultRuns)))
	t.Run("runs", func(t *testing.T) {
		for first := 0; first < runs; first += perBubble {
			t.Run(strconv.Itoa(first), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					for seed := first; seed < min(first+perBubble, runs); seed++ {
						total.add(t, fmt.Sprintf("INTUNE_MODEL_SEED=%d", seed), newRun(t, newPlan(bytesOf(uint64(seed)))))
					}
				})
			})
		}
	})
	total.report(t)
}

// runAgain repeats one run. The library's backoff is random, so a run can differ in its times.
func runAgain(t *testing.T, total *tally, seed uint64) {
	t.Helper()
	const times = 20
	synctest.Test(t, func(t *testing.T) {
		for i := range times {
			r := newRun(t, newPlan(bytesOf(seed)))
			if i == 0 {
				t.Log(r)
			}
			total.add(t, fmt.Sprintf("time %d", i), r)
		}
	})
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%q is not a number of runs, or a seed", text)
	}
	return n
}

// bytesOf returns the bytes of a plan.
func bytesOf(seed uint64) []byte {
	const length = 512
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	data := make([]byte, length)
	_, _ = rand.NewChaCha8(key).Read(data) // never fails
	return data
}

// FuzzCreateModel looks for plans that break a rule.
func FuzzCreateModel(f *testing.F) {
	certificates()
	f.Add([]byte{})
	for seed := range uint64(16) {
		f.Add(bytesOf(seed))
	}
	f.Add(bytesOf(28985)) // equal content under names that contradict, twice from one client, the first one lost
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			newTally().add(t, fmt.Sprintf("%x", data), newRun(t, newPlan(data)))
		})
	})
}

// tally adds up the verdicts of all runs.
type tally struct {
	mu         sync.Mutex
	runs       int
	failed     int
	counts     map[string]int
	violations map[string]int
	inDoubt    map[dating]int // creates in quiet tenants
	unknown    map[dating]int // those among them that stayed unknown
}

func newTally() *tally {
	return &tally{
		counts: make(map[string]int), violations: make(map[string]int), inDoubt: make(map[dating]int), unknown: make(map[dating]int),
	}
}

// add judges a run. The first runs that fail are shown.
func (a *tally) add(t *testing.T, name string, r *run) {
	t.Helper()
	v := judge(r)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runs++
	for what, n := range v.counts {
		a.counts[what] += n
	}
	for _, q := range v.quiet {
		a.inDoubt[q.dating]++
		if q.isUnknown {
			a.unknown[q.dating]++
			a.showUnknown(t, name, r)
		}
	}
	if len(v.violations) == 0 {
		return
	}
	a.failed++
	text := ""
	for _, violation := range v.violations {
		a.violations[violation.rule]++
		text += violation.rule + ": " + violation.detail + "\n"
	}
	if a.failed <= shownRuns {
		t.Errorf("%s\n%s%s", name, text, r)
	} else {
		t.Fail()
	}
}

// showUnknown shows the first creates in quiet tenants that have not found the truth.
func (a *tally) showUnknown(t *testing.T, name string, r *run) {
	t.Helper()
	const shown = 3
	if n := a.unknown[keepsDates] + a.unknown[cutsDates] + a.unknown[assignsDates]; n <= shown {
		t.Logf("%s: unknown in a quiet tenant\n%s", name, r)
	}
}

// report prints the counts, and fails if Create shrugs: if in quiet tenants 1 % of the outcomes in doubt stay unknown.
func (a *tally) report(t *testing.T) {
	t.Helper()
	t.Logf("%d runs, %d failed", a.runs, a.failed)
	for _, what := range slices.Sorted(maps.Keys(a.counts)) {
		t.Logf("%8d %s", a.counts[what], what)
	}
	for _, what := range slices.Sorted(maps.Keys(a.violations)) {
		t.Logf("%8d violations: %s", a.violations[what], what)
	}
	for _, habit := range slices.Sorted(maps.Keys(a.inDoubt)) {
		unknown, all := a.unknown[habit], a.inDoubt[habit]
		t.Logf("quiet tenants of a service that %s dates: %d of %d outcomes in doubt stayed unknown", habit, unknown, all)
		if unknown*100 >= all {
			t.Errorf("that is 1 %% or more")
		}
	}
}
