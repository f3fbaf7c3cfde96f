package main

import (
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{0: nil, 3: {3}, 2: {9, 1, 2}, 4: {9, 1, 2, 4}} {
		if got, measured := (measurements{rebuild: values}).median(rebuild); got != want || measured != (values != nil) {
			t.Errorf("%v: got %v, %v", values, got, measured)
		}
	}
}

func TestFormats(t *testing.T) {
	for want, got := range map[string]string{
		"93.4 µs":   duration(93.41e-6),
		"999 µs":    duration(999e-6),
		"4.05 ms":   duration(4.051e-3),
		"11.3 s":    duration(11.312),
		"257 s":     duration(257.4),
		"0.50 kB":   size(500),
		"7.70 kB":   size(7701),
		"6.25 MB":   size(6.254e6),
		"9.70 GB":   size(9.7e9),
		"0":         count(0),
		"88":        count(88.4),
		"564":       count(564),
		"1,870":     count(1870),
		"1,000,000": count(1e6),
		"1.13":      significant(1.128),
		"10.0":      significant(9.996),
		"100":       significant(99.96),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTable(t *testing.T) {
	programs := []*program{
		{title: "floor", measured: measurements{createTime: {100e-6}, modules: {0}}},
		{title: "ours", measured: measurements{createTime: {110e-6, 120e-6}, modules: {4}}},
		{title: "peer", measured: measurements{createTime: {480e-6}}},
	}
	rows := table(programs)
	if len(rows) != len(metrics)+1 {
		t.Errorf("%d rows", len(rows))
	}
	for _, want := range []string{
		"|  | floor | ours | peer | ours ÷ floor | peer ÷ ours |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
		"| time of a create | 100 µs | 120 µs | 480 µs | 1.20 | 4.00 |\n",
		"| modules linked | 0 | 4 | – | – | – |\n",
	} {
		var out strings.Builder
		writeMarkdown(&out, rows)
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
