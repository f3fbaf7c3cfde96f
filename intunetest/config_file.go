package intunetest

// This file reads a Config from a file.

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
)

// LoadConfig reads a file of settings: a JSON object with the names in the tags of [Config]. Settings that the file omits
// are those of [DefaultConfig]. Durations are strings for [time.ParseDuration], such as "90s", or "forever". Two settings
// name files, relative to this one:
//
//	"clientCertificates": ["app.cer"]
//	"federatedCredentials": [{"issuer": "https://issuer.example", "subject": "job", "audience": "api://AzureADTokenExchange",
//	                          "keys": ["issuer.pem", "jwks.json"]}]
//
// They register certificates for the application to sign in with, and tokens of another issuer, signed with one of the
// keys: certificates, public keys in PEM, or JSON Web Key Sets. The error names the file, the line and the setting.
func LoadConfig(file string) (Config, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the caller's own
	if err != nil {
		return Config{}, err
	}
	c := DefaultConfig()
	lines, err := c.read(data, filepath.Dir(file))
	if err == nil {
		return c, nil
	}
	mistake, _ := errors.AsType[*settingError](err)
	return Config{}, fmt.Errorf("%s:%d: %w", file, cmp.Or(mistake.line, lines[mistake.name], 1), err)
}

// read reads settings, and the files that they name. It returns the lines in which they stand, or a *settingError.
func (c *Config) read(data []byte, folder string) (lines map[string]int, err error) {
	targets := settingsOf(c)
	targets["clientCertificates"] = &certificateFiles{folder, c}
	targets["federatedCredentials"] = &federatedSettings{folder, c}
	if lines, err = readSettings(data, targets); err != nil {
		return nil, err
	}
	return lines, c.check()
}

// certificateFiles is the setting that names certificates.
type certificateFiles struct {
	folder string
	config *Config
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *certificateFiles) UnmarshalJSON(data []byte) error {
	var files []string
	if err := decodeStrictly(data, &files); err != nil {
		return err
	}
	for _, file := range files {
		cert, err := codesign.Load(inFolder(c.folder, file))
		if err != nil {
			return err
		}
		c.config.certificates = append(c.config.certificates, cert.Leaf)
	}
	return nil
}

// federatedSettings is the setting of federated credentials, whose keys stand in files.
type federatedSettings struct {
	folder string
	config *Config
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *federatedSettings) UnmarshalJSON(data []byte) error {
	var credentials []struct {
		Issuer, Subject, Audience string
		Keys                      []string
	}
	if err := decodeStrictly(data, &credentials); err != nil {
		return err
	}
	for _, c := range credentials {
		credential := entra.FederatedCredential{Issuer: c.Issuer, Subject: c.Subject, Audience: cmp.Or(c.Audience, entra.ExchangeAudience)}
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
		f.config.federated = append(f.config.federated, credential)
	}
	return nil
}

func inFolder(folder, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(folder, file)
}
