package main

// This file reads the faults of the emulator from the command line.

import "github.com/seed-230b9595/intune-go/intunetest"

func parseFaults(texts []string) ([]intunetest.Fault, error) {
	var faults []intunetest.Fault
	for _, text := range texts {
		fault, err := intunetest.ParseFault(text)
		if err != nil {
			return nil, usagef("--fault %s: %w", text, err)
		}
		faults = append(faults, fault)
	}
	return faults, nil
}
