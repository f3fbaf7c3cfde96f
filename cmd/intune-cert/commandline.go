package main

// This file writes next steps, in which each command line for people to copy is a line of its own.

import (
	"os"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

// onItsLine puts a command line into a next step.
func onItsLine(command string) string { return "\n" + command + "\n" }

// commandLine returns a command line with those of the given flags that its command has, too, except --dry-run.
func (a *app) commandLine(command string, args ...string) string {
	target, _, _ := a.cmd.Root().Find([]string{command})
	words := append([]string{"intune-cert", command}, args...)
	a.cmd.Flags().Visit(func(f *pflag.Flag) {
		isOfOutput := f.Name == "output" || f.Name == "verbose"
		switch {
		case target.Flag(f.Name) == nil, isOfOutput && target != a.cmd, f.Name == "dry-run", f.Value.String() == "false":
		case f.Value.Type() == "bool":
			words = append(words, "--"+f.Name)
		default:
			words = append(words, "--"+f.Name, f.Value.String())
		}
	})
	for i, word := range words {
		words[i] = quote(console.Clean(word))
	}
	return strings.Join(words, " ")
}

var plainWord = regexp.MustCompile(`^[\pL\d_./:=,@%+\\-]+$`)

// quote writes a word of a command line for bash and PowerShell.
func quote(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// nameOf returns what has set a flag of all commands: the flag itself, or its environment variable.
func (a *app) nameOf(flag string) string {
	f := a.cmd.Flag(flag)
	if variable := variableOf(f); !f.Changed && os.Getenv(variable) != "" {
		return variable
	}
	return "--" + flag
}
