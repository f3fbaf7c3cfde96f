package measure_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/seed-230b9595/intune-go/bench/internal/measure"
)

func TestMeasureCreatesOneMoreThanItMeasures(t *testing.T) {
	for _, workers := range []int{1, 16} {
		var created atomic.Int64
		result, err := measure.Measure(t.Context(), func(context.Context) error { created.Add(1); return nil }, 100, workers)
		if err != nil || created.Load() != 101 || result.Elapsed <= 0 || result.FirstCreated.IsZero() {
			t.Errorf("%d workers: %d created, %+v, %v", workers, created.Load(), result, err)
		}
	}
}

func TestMeasureStopsAtTheFirstCreate(t *testing.T) {
	created := 0
	result, err := measure.Measure(t.Context(), func(context.Context) error { created++; return nil }, 0, 1)
	if err != nil || created != 1 || result.FirstCreated.IsZero() {
		t.Errorf("%d created, %+v, %v", created, result, err)
	}
}

func TestMeasureStopsAtAnError(t *testing.T) {
	refused := errors.New("refused")
	var begun atomic.Int64
	_, err := measure.Measure(t.Context(), func(context.Context) error {
		if begun.Add(1) > 10 {
			return refused
		}
		return nil
	}, 1_000_000, 4)
	if !errors.Is(err, refused) || begun.Load() > 20 {
		t.Errorf("%d begun, %v", begun.Load(), err)
	}
}
