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

// ParseFault reads a [Fault] from settings such as "method=POST,status=503,times=2". A switch without a value is on.
func ParseFault(text string) (Fault, error) {
	var f Fault
	fields := settingsOf(&f)
	for setting := range strings.SplitSeq(text, ",") {
		name, value, hasValue := strings.Cut(setting, "=")
		field, known := fields[name]
		if !known {
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

// String returns the text that [ParseFault] reads, or "" for a fault that does nothing.
func (f Fault) String() string {
	var words []string
	for field, value := range reflect.ValueOf(f).Fields() {
		switch name := field.Tag.Get("json"); {
		case value.IsZero():
		case value.Kind() == reflect.Bool:
			words = append(words, name)
		default:
			words = append(words, fmt.Sprintf("%s=%v", name, value))
		}
	}
	return strings.Join(words, ",")
}

// MarshalJSON implements json.Marshaler. Durations are strings such as "1.5s".
func (f Fault) MarshalJSON() ([]byte, error) {
	object := make(map[string]any)
	for name, field := range settingsOf(&f) {
		switch value := reflect.ValueOf(field).Elem(); {
		case value.IsZero():
		case value.Type() == reflect.TypeFor[time.Duration]():
			object[name] = fmt.Sprint(value)
		default:
			object[name] = field
		}
	}
	return json.Marshal(object)
}

// UnmarshalJSON implements json.Unmarshaler. It rejects unknown settings, and a fault that [Fault.Check] rejects.
func (f *Fault) UnmarshalJSON(data []byte) error {
	read := Fault{}
	if _, err := readSettings(data, settingsOf(&read)); err != nil {
		return err
	}
	*f = read
	return read.Check()
}
