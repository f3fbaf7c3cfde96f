package main

// This file reads the faults of the emulator from the command line.

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func parseFaults(texts []string) (faults []intunetest.Fault, err error) {
	for _, text := range texts {
		fault, times, err := parseFault(text)
		if err != nil {
			return nil, usagef("--fault %s: %w", text, err)
		}
		for range times {
			faults = append(faults, fault)
		}
	}
	return faults, nil
}

// parseFault reads settings such as method=POST,status=503,times=2.
func parseFault(text string) (fault intunetest.Fault, times int, err error) {
	times = 1
	for setting := range strings.SplitSeq(text, ",") {
		name, value, hasValue := strings.Cut(setting, "=")
		switch name {
		case "method":
			fault.Method = strings.ToUpper(value)
		case "token":
			fault.Token, err = parseSwitch(value, hasValue)
		case "gateway":
			fault.Gateway, err = parseSwitch(value, hasValue)
		case "committed":
			fault.Committed, err = parseSwitch(value, hasValue)
		case "delay":
			fault.Delay, err = parseDuration(value)
		case "response-delay":
			fault.ResponseDelay, err = parseDuration(value)
		case "visible-after":
			fault.VisibleAfter, err = parseDuration(value)
		case "drop":
			fault.Drop, err = parseDrop(value)
		case "status":
			fault.Status, err = parseCount(value)
		case "times":
			times, err = parseCount(value)
		case "retry-after":
			fault.RetryAfter = value
		case "location":
			fault.Location = value
		default:
			return fault, 0, fmt.Errorf("there is no setting %q", name)
		}
		if err != nil {
			return fault, 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	return fault, times, fault.Check()
}

// parseSwitch reads true or false. A name without a value means true.
func parseSwitch(value string, hasValue bool) (bool, error) {
	if !hasValue {
		return true, nil
	}
	is, err := strconv.ParseBool(value)
	if err != nil {
		return false, errors.New("want true or false")
	}
	return is, nil
}

func parseCount(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, errors.New("want a number from 1")
	}
	return n, nil
}

func parseDrop(value string) (intunetest.DropPoint, error) {
	point := newChoice("", "before-reading", "while-reading", "after-reading", "after-commit", "in-response")
	err := point.Set(value)
	return intunetest.DropPoint(strings.ReplaceAll(point.value, "-", " ")), err
}
