package intunetest

// This file reads JSON objects of settings: those of a file, and those of a fault.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
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
	if err := c.read(data, filepath.Dir(file)); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, lineOf(err, data), err)
	}
	return func(into *config) { *into = c }, nil
}

// read reads settings. Names of files are relative to folder.
func (c *config) read(data []byte, folder string) error {
	var certificates []string
	targets := settingsOf(c, &c.entra, &c.graph)
	targets["clientCertificates"] = &certificates
	if err := readSettings(data, targets); err != nil {
		return err
	}
	for _, file := range certificates {
		if !filepath.IsAbs(file) {
			file = filepath.Join(folder, file)
		}
		cert, err := codesign.Load(file)
		if err != nil {
			return mistakeIn("clientCertificates", err)
		}
		c.entra.Certificates = append(c.entra.Certificates, cert.Leaf)
	}
	return c.check()
}

// settingError is a mistake in the setting of a name.
type settingError struct {
	error

	name string
}

func mistakeIn(name string, err error) error {
	return &settingError{fmt.Errorf("%q: %w", name, err), name}
}

// lineOf returns the line of a mistake: that of the name of the setting, or that in which the JSON is wrong.
func lineOf(err error, data []byte) int {
	at := bytes.IndexRune(data, utf8.RuneError) // the first byte that is not UTF-8
	if syntax, isSyntax := errors.AsType[*json.SyntaxError](err); isSyntax {
		at = int(syntax.Offset) - 1
	} else if mistake, isMistake := errors.AsType[*settingError](err); isMistake {
		name := regexp.MustCompile(`"` + regexp.QuoteMeta(mistake.name) + `"\s*:`) // a value may be the same text
		if found := name.FindIndex(data); found != nil {
			at = found[0]
		}
	}
	return 1 + bytes.Count(data[:max(0, at)], []byte("\n"))
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

// readSettings reads a JSON object into targets, by the names of its members. A mistake in one of them is a *settingError.
func readSettings(data []byte, targets map[string]any) error {
	var members map[string]json.RawMessage
	if err := exchange.CheckJSON(data); err != nil {
		return err
	}
	if json.Unmarshal(data, &members) != nil || members == nil {
		return errors.New("want a JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		target, known := targets[name]
		if !known {
			return &settingError{unknownSetting(name, targets), name}
		}
		value := json.NewDecoder(bytes.NewReader(members[name]))
		value.DisallowUnknownFields()
		if err := value.Decode(target); err != nil {
			return mistakeIn(name, plainJSONError(err))
		}
	}
	return nil
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
	if mismatch, isMismatch := errors.AsType[*json.UnmarshalTypeError](err); isMismatch {
		return fmt.Errorf("%s cannot be a %s", cmp.Or(mismatch.Field, "it"), mismatch.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}
