package intunetest

// This file reads and writes faults: as the JSON of the control API, and as one line of text.

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// ParseFault reads a [Fault] from settings such as "method=POST,status=503,times=2". A switch without a value is on.
func ParseFault(text string) (Fault, error) {
	var f Fault
	fields := settingsOf(&f)
	for setting := range strings.SplitSeq(text, ",") {
		name, value, hasValue := strings.Cut(setting, "=")
		field, known := fields[name]
		if !known {
			return Fault{}, unknownSetting(name, fields)
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

// parseInto reads a value as JSON. Texts and durations have no quotation marks here.
func parseInto(field any, text string) error {
	wants := map[reflect.Kind]string{reflect.Bool: "true or false", reflect.Int: "a number", reflect.Float64: "a number from 0 to 1"}
	if want, isLiteral := wants[reflect.TypeOf(field).Elem().Kind()]; isLiteral {
		if json.Unmarshal([]byte(text), field) != nil {
			return fmt.Errorf("want %s", want)
		}
		return nil
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(quoted, field)
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
	object := settingsOf(&f)
	maps.DeleteFunc(object, func(_ string, field any) bool { return reflect.ValueOf(field).Elem().IsZero() })
	return json.Marshal(object)
}

// UnmarshalJSON implements json.Unmarshaler. It rejects unknown settings, and a fault that [Fault.Check] rejects.
func (f *Fault) UnmarshalJSON(data []byte) error {
	read := Fault{}
	if err := readSettings(data, settingsOf(&read)); err != nil {
		return err
	}
	*f = read
	return read.Check()
}
