package intunetest

// This file reads settings: those of a file, and those of a fault. Both have names, and values of a few types.

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
)

// LoadConfig reads a file of settings: a JSON object with the names in Config's tags. What the file does not set is as
// in DefaultConfig. Durations are texts as time.ParseDuration reads them, such as "90s", or "forever". Two settings name
// files, relative to this one:
//
//	"clientCertificates": ["app.cer"]
//	"federatedCredentials": [{"issuer": "https://issuer.example", "subject": "job", "audience": "api://AzureADTokenExchange",
//	                          "keys": ["issuer.pem", "jwks.json"]}]
//
// They register certificates for the application to sign in with, and tokens of another issuer, signed with one of the
// keys: certificates, public keys in PEM, or JSON Web Key Sets. The error names the file, the line and the setting.
func LoadConfig(file string) (Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Config{}, err
	}
	c := DefaultConfig()
	line, err := readSettings(data, c.settings(filepath.Dir(file)))
	if err != nil {
		return Config{}, fmt.Errorf("%s:%d: %w", file, line, err)
	}
	return c, nil
}

// settings returns where the settings go, by their names.
func (c *Config) settings(folder string) map[string]any {
	targets := map[string]any{
		"clientCertificates":   &certificateFiles{folder, &c.certificates},
		"federatedCredentials": &federatedSettings{folder, &c.federated},
	}
	value := reflect.ValueOf(c).Elem()
	for field := range value.Type().Fields() {
		if name := field.Tag.Get("json"); name != "" {
			targets[name] = value.FieldByIndex(field.Index).Addr().Interface()
		}
	}
	return targets
}

// readSettings reads a JSON object into targets. If it fails, it returns the line.
func readSettings(data []byte, targets map[string]any) (line int, err error) {
	object := json.NewDecoder(bytes.NewReader(data))
	lineAt := func(offset int64) int { return 1 + bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n")) }
	seen := make(map[string]bool)
	if opening, err := object.Token(); err != nil || opening != json.Delim('{') {
		return 1, errors.New("want a JSON object")
	}
	for object.More() {
		token, err := object.Token()
		line = lineAt(object.InputOffset())
		name, _ := token.(string)
		var value json.RawMessage
		if err == nil {
			err = object.Decode(&value)
		}
		if err != nil {
			return lineAt(object.InputOffset()), inName(name, plainJSONError(err))
		}
		target, known := targets[name]
		switch {
		case !known:
			return line, fmt.Errorf("there is no setting %q", name)
		case seen[name]:
			return line, fmt.Errorf("%q is set twice", name)
		}
		seen[name] = true
		if err := decodeSetting(value, target); err != nil {
			return line, inName(name, err)
		}
	}
	if _, err := object.Token(); err != nil {
		return lineAt(int64(len(data))), plainJSONError(err)
	}
	if _, err := object.Token(); !errors.Is(err, io.EOF) {
		return lineAt(object.InputOffset()), errors.New("something follows the JSON object")
	}
	return 0, nil
}

func inName(name string, err error) error {
	if name == "" {
		return err
	}
	return fmt.Errorf("%q: %w", name, err)
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
	strict := json.NewDecoder(bytes.NewReader(value))
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

// certificateFiles reads certificates from the files that a setting names.
type certificateFiles struct {
	folder string
	read   *[]*x509.Certificate
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *certificateFiles) UnmarshalJSON(data []byte) error {
	var files []string
	if err := json.Unmarshal(data, &files); err != nil {
		return err
	}
	for _, file := range files {
		cert, err := codesign.Load(inFolder(c.folder, file))
		if err != nil {
			return err
		}
		*c.read = append(*c.read, cert.Leaf)
	}
	return nil
}

// federatedSettings reads federated credentials, whose keys stand in files.
type federatedSettings struct {
	folder string
	read   *[]entra.FederatedCredential
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *federatedSettings) UnmarshalJSON(data []byte) error {
	var credentials []struct {
		Issuer, Subject, Audience string
		Keys                      []string
	}
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&credentials); err != nil {
		return err
	}
	for _, c := range credentials {
		credential := entra.FederatedCredential{Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience}
		if c.Audience == "" {
			credential.Audience = entra.ExchangeAudience
		}
		for _, file := range c.Keys {
			content, err := os.ReadFile(inFolder(f.folder, file))
			if err != nil {
				return err
			}
			keys, err := entra.ParseKeys(content)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			credential.Keys = append(credential.Keys, keys...)
		}
		*f.read = append(*f.read, credential)
	}
	return nil
}

func inFolder(folder, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(folder, file)
}
