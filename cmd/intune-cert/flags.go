package main

// This file has the kinds of flags that pflag lacks.

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// choice is a flag with a few possible values.
type choice struct {
	value   string
	allowed []string
}

func newChoice(initial string, allowed ...string) *choice { return &choice{initial, allowed} }

func (c *choice) list() string   { return strings.Join(c.allowed, ", ") }
func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "name" }

// Set implements pflag.Value.
func (c *choice) Set(text string) error {
	for _, allowed := range c.allowed {
		if strings.EqualFold(text, allowed) {
			c.value = allowed
			return nil
		}
	}
	return fmt.Errorf("%q is not one of %s", text, c.list())
}

const day = 24 * time.Hour

// duration is a flag that takes days, such as 30d, before and besides Go's durations. It is never negative.
type duration struct {
	value time.Duration
	text  string // as it was given
}

func (d *duration) Type() string { return "duration" }

func (d *duration) String() string { return d.text }

// Set implements pflag.Value.
func (d *duration) Set(text string) error {
	parsed, err := parseDuration(text)
	if err == nil {
		*d = duration{parsed, text}
	}
	return err
}

// parseDuration reads days, a duration of Go, or days and then such a duration.
func parseDuration(text string) (time.Duration, error) {
	const longest = 36_600 // days, which is about a century
	number, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		number, rest = "0", text
	} else if rest == "" {
		rest = "0"
	}
	days, problem := strconv.Atoi(number)
	parsed, err := time.ParseDuration(rest)
	switch {
	case days > longest, parsed > longest*day:
		return 0, errors.New("more than a century")
	case days < 0, parsed < 0:
		return 0, errors.New("negative")
	case problem != nil, err != nil:
		return 0, errors.New("want days, hours and minutes, such as 30d, 36h, 1d12h or 15m")
	}
	return time.Duration(days)*day + parsed, nil
}
