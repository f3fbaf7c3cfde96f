package main

// This file reads the faults of the emulator from the command line.

import (
	"fmt"
	"strconv"
	"strings"
	"time"

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
			fault.Delay, err = time.ParseDuration(value)
		case "response-delay":
			fault.ResponseDelay, err = time.ParseDuration(value)
		case "visible-after":
			fault.VisibleAfter, err = time.ParseDuration(value)
		case "drop":
			fault.Drop = intunetest.DropPoint(strings.ReplaceAll(value, "-", " "))
		case "status":
			fault.Status, err = strconv.Atoi(value)
		case "times":
			times, err = strconv.Atoi(value)
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
	return fault, times, validateFault(fault)
}

// parseSwitch reads true or false. A name without a value means true.
func parseSwitch(value string, hasValue bool) (bool, error) {
	if !hasValue {
		return true, nil
	}
	return strconv.ParseBool(value)
}

// validateFault reports a fault that makes no sense, which the emulator panics on.
func validateFault(fault intunetest.Fault) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	server, err := intunetest.Start(intunetest.WithListener(intunetest.ListenMemory()))
	if err != nil {
		return err
	}
	defer server.Close()
	server.Inject(fault)
	return nil
}
