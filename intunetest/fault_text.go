package intunetest

// This file reads and writes faults: as the JSON of the control API, and as one line of text.

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// faultSetting is a field of a fault under its name in JSON and in text.
type faultSetting struct {
	name  string
	field any
}

// settings returns the fields in the order in which they are written.
func (f *Fault) settings() []faultSetting {
	return []faultSetting{
		{"method", &f.Method},
		{"token", &f.Token},
		{"times", &f.Times},
		{"rate", &f.Rate},
		{"every", &f.Every},
		{"delay", &f.Delay},
		{"response-delay", &f.ResponseDelay},
		{"visible-after", &f.VisibleAfter},
		{"drop", &f.Drop},
		{"status", &f.Status},
		{"aadsts", &f.AADSTS},
		{"retry-after", &f.RetryAfter},
		{"location", &f.Location},
		{"gateway", &f.Gateway},
		{"empty", &f.Empty},
		{"committed", &f.Committed},
	}
}

// ParseFault reads settings such as "method=POST,status=503,times=2". A switch without a value is on.
func ParseFault(text string) (Fault, error) {
	var f Fault
	settings := f.settings()
	for setting := range strings.SplitSeq(text, ",") {
		name, value, hasValue := strings.Cut(setting, "=")
		field := fieldOf(settings, name)
		if field == nil {
			return Fault{}, fmt.Errorf("there is no setting %q", name)
		}
		if _, isSwitch := field.(*bool); isSwitch && !hasValue {
			value = "true"
		}
		if err := parseInto(field, value); err != nil {
			return Fault{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return f, f.Check()
}

func fieldOf(settings []faultSetting, name string) any {
	for _, s := range settings {
		if s.name == name {
			return s.field
		}
	}
	return nil
}

func parseInto(field any, text string) (err error) {
	switch field := field.(type) {
	case *bool:
		if *field, err = strconv.ParseBool(text); err != nil {
			return errors.New("want true or false")
		}
	case *int:
		if *field, err = strconv.Atoi(text); err != nil || *field < 1 {
			return errors.New("want a number from 1")
		}
	case *float64:
		if *field, err = strconv.ParseFloat(text, 64); err != nil {
			return errors.New("want a number from 0 to 1")
		}
	case *time.Duration:
		*field, err = parseDuration(text)
	default:
		reflect.ValueOf(field).Elem().SetString(text)
	}
	return err
}

// String returns what ParseFault reads, "" for a fault that does nothing.
func (f Fault) String() string {
	var words []string
	for _, s := range f.settings() {
		switch value := reflect.ValueOf(s.field).Elem(); {
		case value.IsZero():
		case value.Kind() == reflect.Bool:
			words = append(words, s.name)
		default:
			words = append(words, fmt.Sprintf("%s=%v", s.name, value))
		}
	}
	return strings.Join(words, ",")
}

// MarshalJSON implements json.Marshaler. Durations are texts such as "1.5s".
func (f Fault) MarshalJSON() ([]byte, error) {
	object := make(map[string]any)
	for _, s := range f.settings() {
		switch value := reflect.ValueOf(s.field).Elem(); {
		case value.IsZero():
		case value.Type() == reflect.TypeFor[time.Duration]():
			object[s.name] = fmt.Sprint(value)
		default:
			object[s.name] = value.Interface()
		}
	}
	return json.Marshal(object)
}

// UnmarshalJSON implements json.Unmarshaler. It rejects settings that it does not know, and a fault that Check rejects.
func (f *Fault) UnmarshalJSON(data []byte) error {
	read := Fault{}
	targets := make(map[string]any)
	for _, s := range read.settings() {
		targets[s.name] = s.field
	}
	if _, err := readSettings(data, targets); err != nil {
		return err
	}
	*f = read
	return read.Check()
}
