package intunetest

// This file reads JSON objects of settings: those of a file, and those of a fault.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// settingError is a mistake in a setting.
type settingError struct {
	name string // "" if the JSON around the settings is wrong
	line int    // 0 if it is not known
	err  error
}

func (e *settingError) Error() string {
	if e.name == "" {
		return e.err.Error()
	}
	return fmt.Sprintf("%q: %v", e.name, e.err)
}

func (e *settingError) Unwrap() error { return e.err }

// settingsOf returns pointers to the fields of a struct, by the names in their JSON tags.
func settingsOf(structure any) map[string]any {
	fields := make(map[string]any)
	for field, value := range reflect.ValueOf(structure).Elem().Fields() {
		if name := field.Tag.Get("json"); name != "" {
			fields[name] = value.Addr().Interface()
		}
	}
	return fields
}

// settingsReader goes through a JSON object.
type settingsReader struct {
	data    []byte
	members *json.Decoder
	lines   map[string]int // of the settings that have been read
}

// readSettings reads a JSON object into targets, by the names of its members. It returns the lines in which they stand, or
// a *settingError.
func readSettings(data []byte, targets map[string]any) (lines map[string]int, err error) {
	r := &settingsReader{data: data, members: json.NewDecoder(bytes.NewReader(data)), lines: make(map[string]int)}
	if opening, err := r.members.Token(); err != nil || opening != json.Delim('{') {
		return nil, r.mistake("", errors.New("want a JSON object"))
	}
	for r.members.More() {
		if err := r.readMember(targets); err != nil {
			return nil, err
		}
	}
	if _, err := r.members.Token(); err != nil {
		return nil, r.mistake("", plainJSONError(err))
	}
	if _, err := r.members.Token(); !errors.Is(err, io.EOF) {
		return nil, r.mistake("", errors.New("something follows the JSON object"))
	}
	return r.lines, nil
}

func (r *settingsReader) readMember(targets map[string]any) error {
	token, err := r.members.Token()
	if err != nil {
		return r.mistake("", plainJSONError(err))
	}
	name, _ := token.(string)
	_, isRepeated := r.lines[name]
	r.lines[name] = r.line()
	target, known := targets[name]
	switch {
	case !known:
		return r.mistake("", fmt.Errorf("there is no setting %q", name))
	case isRepeated:
		return r.mistake(name, errors.New("it is set twice"))
	}
	var value json.RawMessage
	if err := r.members.Decode(&value); err != nil {
		return r.mistake(name, plainJSONError(err))
	}
	if err := decodeSetting(value, target); err != nil {
		return &settingError{name, r.lines[name], err}
	}
	return nil
}

// mistake is one at the place that the reader has come to.
func (r *settingsReader) mistake(name string, err error) error {
	return &settingError{name, r.line(), err}
}

func (r *settingsReader) line() int {
	return 1 + bytes.Count(r.data[:r.members.InputOffset()], []byte("\n"))
}

// decodeSetting reads one value. A duration is a text.
func decodeSetting(value json.RawMessage, target any) error {
	if duration, isDuration := target.(*time.Duration); isDuration {
		var text string
		if json.Unmarshal(value, &text) != nil {
			return errors.New(`want a duration in quotation marks, such as "90s"`)
		}
		read, err := parseDuration(text)
		*duration = read
		return err
	}
	if string(value) == "null" {
		return errors.New("it is null")
	}
	if list := reflect.ValueOf(target).Elem(); list.Kind() == reflect.Slice {
		list.SetZero() // its elements would keep what the file does not set
	}
	return decodeStrictly(value, target)
}

func decodeStrictly(data []byte, target any) error {
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	return plainJSONError(strict.Decode(target))
}

func parseDuration(text string) (time.Duration, error) {
	if text == "forever" {
		return Forever, nil
	}
	read, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration, such as 90s or 1h30m", text)
	}
	return read, nil
}

// plainJSONError says what encoding/json has found, without the names of Go.
func plainJSONError(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s cannot be a %s", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("it cannot be a %s", kind.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends too early")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}
