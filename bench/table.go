package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
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
		coldBuild, coldBuildCPU, coldBuildMemory, rebuild, binary, strippedBinary, packages, modules, sums,
		firstCreate, createTime, createBytes, createAllocs, createRate, peakMemory, createTimeHTTP2, createRateHTTP2,
	}
)

// measurements are all values of each metric that were measured of one program.
type measurements map[*metric][]float64

func (m measurements) add(what *metric, value float64) { m[what] = append(m[what], value) }

// median returns the middle value, the higher one of two. It is false if nothing was measured.
func (m measurements) median(what *metric) (value float64, isMeasured bool) {
	values := slices.Sorted(slices.Values(m[what]))
	if len(values) == 0 {
		return 0, false
	}
	return values[len(values)/2], true
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

func duration(seconds float64) string { return scaled(seconds*1e6, "µs", "ms", "s") }

func size(bytes float64) string { return scaled(bytes/1e3, "kB", "MB", "GB") }

// scaled writes a value in the first of some units, each 1,000 times the one before it, or the largest that is not too large.
func scaled(value float64, units ...string) string {
	for value >= 1000 && len(units) > 1 {
		value, units = value/1000, units[1:]
	}
	return significant(value) + " " + units[0]
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

func writeMarkdown(w io.Writer, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(w, "| --- %s|\n", strings.Repeat("| ---: ", len(row)-1))
		}
	}
}
