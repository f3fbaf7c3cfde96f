package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// metric is what one row of the table shows.
type metric struct {
	title  string
	format func(float64) string
}

var (
	coldBuild       = &metric{"cold build", duration}
	coldBuildCPU    = &metric{"cold build, CPU time", duration}
	coldBuildMemory = &metric{"cold build, largest process", size}
	rebuild         = &metric{"rebuild after an edit", duration}
	binary          = &metric{"binary", size}
	strippedBinary  = &metric{"binary, stripped", size}
	readmeBinary    = &metric{"README's program, stripped", size}
	packages        = &metric{"packages linked", count}
	modules         = &metric{"modules linked", count}
	sums            = &metric{"lines of go.sum", count}
	firstCreate     = &metric{"process start to first create", duration}
	createTime      = &metric{"time of a create", duration}
	createBytes     = &metric{"bytes allocated by a create", size}
	createAllocs    = &metric{"allocations of a create", count}
	createRate      = &metric{fmt.Sprintf("creates per second, %d workers", workers), count}
	peakMemory      = &metric{fmt.Sprintf("peak memory, %d workers", workers), size}
	createTimeHTTP2 = &metric{"time of a create, TLS and HTTP/2", duration}
	createRateHTTP2 = &metric{fmt.Sprintf("creates per second, %d workers, TLS and HTTP/2", workers), count}

	metrics = []*metric{
		coldBuild, coldBuildCPU, coldBuildMemory, rebuild, binary, strippedBinary, readmeBinary, packages, modules, sums,
		firstCreate, createTime, createBytes, createAllocs, createRate, peakMemory, createTimeHTTP2, createRateHTTP2,
	}
)

// measurements are all values of each metric that were measured of one program.
type measurements map[*metric][]float64

func (m measurements) add(what *metric, value float64) { m[what] = append(m[what], value) }

// median is false if nothing was measured.
func (m measurements) median(what *metric) (float64, bool) {
	values := slices.Sorted(slices.Values(m[what]))
	middle := len(values) / 2
	switch {
	case len(values) == 0:
		return 0, false
	case len(values)%2 == 0:
		return (values[middle-1] + values[middle]) / 2, true
	}
	return values[middle], true
}

// table is the metrics of the programs, and the ratios of each program to the one before it.
func table(programs []*program) [][]string {
	header := []string{""}
	for _, p := range programs {
		header = append(header, p.title)
	}
	for i := range programs[1:] {
		header = append(header, programs[i+1].title+" ÷ "+programs[i].title)
	}
	rows := [][]string{header}
	for _, m := range metrics {
		row := []string{m.title}
		for _, p := range programs {
			row = append(row, cell(p.measured, m))
		}
		for i := range programs[1:] {
			row = append(row, ratio(programs[i+1].measured, programs[i].measured, m))
		}
		rows = append(rows, row)
	}
	return rows
}

const none = "–"

func cell(of measurements, m *metric) string {
	value, measured := of.median(m)
	if !measured {
		return none
	}
	return m.format(value)
}

func ratio(of, to measurements, m *metric) string {
	value, measured := of.median(m)
	base, hasBase := to.median(m)
	if !measured || !hasBase || base == 0 {
		return none
	}
	return significant(value / base)
}

func duration(seconds float64) string {
	switch of := time.Duration(seconds * float64(time.Second)); {
	case of < time.Millisecond:
		return significant(seconds*1e6) + " µs"
	case of < time.Second:
		return significant(seconds*1e3) + " ms"
	}
	return significant(seconds) + " s"
}

func size(bytes float64) string {
	switch {
	case bytes < 1e6:
		return significant(bytes/1e3) + " kB"
	case bytes < 1e9:
		return significant(bytes/1e6) + " MB"
	}
	return significant(bytes/1e9) + " GB"
}

func count(n float64) string {
	digits := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// significant has three significant digits, or all in front of the point.
func significant(value float64) string {
	switch {
	case value >= 99.95:
		return strconv.FormatFloat(value, 'f', 0, 64)
	case value >= 9.995:
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return strconv.FormatFloat(value, 'f', 2, 64)
}

func writeText(w io.Writer, rows [][]string) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(columns, strings.Join(row, "\t")) // its error is that of Flush
	}
	return columns.Flush()
}

func writeMarkdown(w io.Writer, rows [][]string) error {
	for i, row := range rows {
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | ")); err != nil {
			return err
		}
		if i == 0 {
			fmt.Fprintf(w, "| --- %s|\n", strings.Repeat("| ---: ", len(row)-1))
		}
	}
	return nil
}
