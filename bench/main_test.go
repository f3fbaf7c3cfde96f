package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if authority := os.Getenv(serverVariable); authority != "" {
		if err := serve(authority); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestEveryMetricIsMeasured builds and runs the floor and the library for a few creates.
func TestEveryMetricIsMeasured(t *testing.T) {
	programs := newPrograms(t.TempDir())[:2]
	for _, p := range programs {
		p.cache = "" // the usual one, so that the standard library is not built again
	}
	server, err := startServer(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.stop()
	l := load{server: server, certificate: t.TempDir() + "/contoso.cer", starts: 1, creates: 20}
	if err := writeCertificate(l.certificate); err != nil {
		t.Fatal(err)
	}
	once := &options{builds: 1, runs: 1}
	if err := once.measure(t.Context(), programs, l, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		for _, m := range metrics {
			if value, measured := p.measured.median(m); !measured {
				t.Errorf("%s: %s was not measured", p.title, m.title)
			} else if value <= 0 && p.requires != nil {
				t.Errorf("%s: %s is %v", p.title, m.title, value)
			}
		}
	}
	var out strings.Builder
	if err := once.print(t.Context(), &out, programs); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "intune-go ÷ net/http") || strings.Contains(got, "v1.0") {
		t.Errorf("got\n%s", got)
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
