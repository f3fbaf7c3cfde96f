package intunetest

// This file reads JSON objects of settings: those of a file, and those of a fault.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/codesign"
)

// LoadSettings reads a file of settings: a JSON object with the names that "intune-cert emulator --help" lists. They
// replace all settings; those that the file omits get their defaults. Later options change them. Durations are strings
// for [time.ParseDuration], such as "90s", or "forever". Two settings register credentials:
//
//	"clientCertificates": ["app.cer"]
//	"federatedCredentials": [{"issuer": "https://issuer.example", "subject": "job", "audience": "api://AzureADTokenExchange",
//	                          "keys": [{"kty": "RSA", "n": "…", "e": "AQAB"}]}]
//
// The first names files, relative to this one, with certificates for the application to sign in with. The second lets it
// sign in with tokens of another issuer, signed with one of the keys: RSA keys of the issuer's JSON Web Key Set. The error
// names the file, the line and the setting.
func LoadSettings(file string) (ServerOption, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the caller's own
	if err != nil {
		return nil, err
	}
	c := defaultConfig()
	lines, err := c.read(data, filepath.Dir(file))
	if mistake, isMistake := errors.AsType[*settingError](err); isMistake {
		return nil, fmt.Errorf("%s:%d: %w", file, cmp.Or(mistake.line, lines[mistake.name], 1), err)
	}
	return func(into *config) { *into = c }, nil
}

// read reads settings. It returns the lines in which they stand, and a *settingError for a mistake.
func (c *config) read(data []byte, folder string) (lines map[string]int, err error) {
	var certificates []string
	targets := settingsOf(c, &c.entra, &c.graph)
	targets["clientCertificates"] = &certificates
	if lines, err = readSettings(data, targets); err != nil {
		return nil, err
	}
	for _, file := range certificates {
		if !filepath.IsAbs(file) {
			file = filepath.Join(folder, file)
		}
		cert, err := codesign.Load(file)
		if err != nil {
			return lines, &settingError{name: "clientCertificates", err: err}
		}
		c.entra.Certificates = append(c.entra.Certificates, cert.Leaf)
	}
	return lines, c.check()
}

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

// settingsOf returns pointers to the fields of structs, by the names in their JSON tags.
func settingsOf(structures ...any) map[string]any {
	fields := make(map[string]any)
	for _, structure := range structures {
		for field, value := range reflect.ValueOf(structure).Elem().Fields() {
			name := field.Tag.Get("json")
			if name == "" {
				continue
			}
			fields[name] = value.Addr().Interface()
			if pointer, isDuration := fields[name].(*time.Duration); isDuration {
				fields[name] = (*duration)(pointer)
			}
		}
	}
	return fields
}

// readSettings reads a JSON object into targets, by the names of its members. It returns the lines in which they stand, or
// a *settingError.
func readSettings(data []byte, targets map[string]any) (lines map[string]int, err error) {
	members := json.NewDecoder(bytes.NewReader(data))
	members.DisallowUnknownFields()
	lines = make(map[string]int)
	line := func() int { return 1 + bytes.Count(data[:members.InputOffset()], []byte("\n")) }
	mistake := func(name string, err error) (map[string]int, error) {
		return nil, &settingError{name, cmp.Or(lines[name], line()), plainJSONError(err)}
	}
	if opening, err := members.Token(); err != nil || opening != json.Delim('{') {
		return mistake("", errors.New("want a JSON object"))
	}
	for members.More() {
		token, err := members.Token()
		if err != nil {
			return mistake("", err)
		}
		name, _ := token.(string)
		target, known := targets[name]
		switch {
		case !known:
			return mistake("", unknownSetting(name, targets))
		case lines[name] > 0:
			return nil, &settingError{name, line(), errors.New("it is set twice")}
		}
		lines[name] = line()
		if err := members.Decode(target); err != nil {
			return mistake(name, err)
		}
	}
	if _, err := members.Token(); err != nil {
		return mistake("", err)
	}
	if _, err := members.Token(); !errors.Is(err, io.EOF) {
		return mistake("", errors.New("something follows the JSON object"))
	}
	return lines, nil
}

func unknownSetting(name string, known map[string]any) error {
	return fmt.Errorf("there is no setting %q, want one of %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}

// duration is a duration whose JSON is text.
type duration time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (d *duration) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return errors.New(`want a duration in quotation marks, such as "90s"`)
	}
	if text == "forever" {
		*d = duration(Forever)
		return nil
	}
	read, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is no duration, such as 90s or 1h30m", text)
	}
	*d = duration(read)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// plainJSONError says what encoding/json has found, without the names of Go.
func plainJSONError(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s cannot be a %s", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("it cannot be a %s", kind.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends too early")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}
