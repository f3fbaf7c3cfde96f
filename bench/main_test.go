package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// TestEveryMetricIsMeasured builds and runs the floor and the library for a few creates.
func TestEveryMetricIsMeasured(t *testing.T) {
	programs := newPrograms(t.TempDir())[:2]
	for _, p := range programs {
		p.cache = "" // the usual one, so that the standard library is not built again
	}
	once := &options{runs: 1, starts: 1, creates: 20}
	if err := once.measure(t.Context(), programs, t.TempDir(), io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		for _, m := range metrics {
			if value, measured := p.measured.median(m); !measured {
				t.Errorf("%s: %s was not measured", p.title, m.title)
			} else if value <= 0 && p.name != "floor" {
				t.Errorf("%s: %s is %v", p.title, m.title, value)
			}
		}
	}
}

func TestFailureOfAProgramIsReported(t *testing.T) {
	p := newPrograms(t.TempDir())[0]
	if err := os.MkdirAll(p.dir, 0o750); err != nil {
		t.Fatal(err)
	}
	err := p.goCommand(t.Context(), "build", "./nothing").err
	if err == nil || !strings.Contains(err.Error(), "floor: go build ./nothing: exit status 1\n") {
		t.Errorf("got %v", err)
	}
}
