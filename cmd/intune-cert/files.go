package main

// This file reads certificates from the files and folders of the command line.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

// passwordVariable is the environment variable with the password of .pfx files. There is no flag for it, because others on
// a machine can read the arguments of its processes.
const passwordVariable = "INTUNE_CERT_PASSWORD" //nolint:gosec // the name, not the password

const fileHelp = `A certificate is read from any file that holds it: .cer, .crt, .pem, .p7b, .pfx, or a program, package, installer or script
that it has signed. The password of a .pfx file comes from --password-file, from the environment variable
INTUNE_CERT_PASSWORD, or from a prompt on the terminal.`

// loader loads certificates.
type loader struct {
	*terminal

	passwordFile string
	thumbprint   string

	password string // once it is known
	source   string // of the password, "" if there is none yet
}

// addFlags adds the flags that say how files are read.
func (l *loader) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.passwordFile, "password-file", "", "the `file` with the password of a .pfx file")
	cmd.Flags().StringVar(&l.thumbprint, "thumbprint", "", "the SHA-1 `thumbprint` of the certificate, if a file holds several")
}

// load loads a certificate. If it needs a password and none was given, a person is asked.
func (l *loader) load(ctx context.Context, file string) (*codesign.Certificate, error) {
	if err := l.findPassword(); err != nil {
		return nil, err
	}
	cert, err := l.read(file)
	if !errors.Is(err, codesign.ErrIncorrectPassword) {
		return cert, err
	}
	if l.source != "" && l.source != prompted {
		return nil, fmt.Errorf("%w; it comes from %s", err, l.source)
	}
	return l.loadWithPrompt(ctx, file, err)
}

const prompted = "the prompt"

func (l *loader) loadWithPrompt(ctx context.Context, file string, err error) (*codesign.Certificate, error) {
	const tries = 3
	for try := 0; try < tries && l.canAsk() && errors.Is(err, codesign.ErrIncorrectPassword); try++ {
		if try > 0 {
			l.remark("This password is not correct.")
		}
		password, problem := l.askPassword(ctx, "Password of "+plain(file)+": ")
		if problem != nil {
			return nil, problem
		}
		l.password, l.source = password, prompted
		var cert *codesign.Certificate
		if cert, err = l.read(file); err == nil {
			return cert, nil
		}
	}
	return nil, err
}

func (l *loader) read(file string) (*codesign.Certificate, error) {
	options := []codesign.Option{codesign.WithPassword(l.password)}
	if l.thumbprint != "" {
		options = append(options, codesign.WithThumbprint(l.thumbprint))
	}
	cert, err := codesign.Load(file, options...)
	if input := (*intune.InputError)(nil); errors.As(err, &input) && input.Name == "thumbprint" {
		return nil, usagef("--thumbprint %s %s", l.thumbprint, input.Problem)
	}
	return cert, err
}

// loadForUpload rejects the certificate of an authority unless its thumbprint was given: devices would trust everything
// that it issues.
func (l *loader) loadForUpload(ctx context.Context, file string) (*codesign.Certificate, error) {
	cert, err := l.load(ctx, file)
	if err == nil && cert.Leaf.IsCA && l.thumbprint == "" {
		return nil, &advisedError{
			err:  fmt.Errorf("%s holds the certificate of an authority: devices would trust everything that it issues", file),
			next: "If that is intended, confirm it with --thumbprint " + cert.Thumbprint(),
		}
	}
	return cert, err
}

// findPassword reads the password that was given, once.
func (l *loader) findPassword() error {
	switch {
	case l.source != "":
		return nil
	case l.passwordFile != "":
		password, err := readPassword(l.passwordFile)
		l.password, l.source = password, l.passwordFile
		return err
	}
	if password := os.Getenv(passwordVariable); password != "" {
		l.password, l.source = password, passwordVariable
	}
	return nil
}

// readPassword reads a password from a file. One line end after it does not belong to it.
func readPassword(file string) (string, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	if !utf8.Valid(data) || slices.Contains(data, 0) {
		return "", usagef("--password-file %s: the password is not in UTF-8: save the file as UTF-8", file)
	}
	password := strings.TrimPrefix(string(data), "\uFEFF")
	return strings.TrimSuffix(strings.TrimSuffix(password, "\n"), "\r"), nil
}

// expand replaces folders by the certificate files in them, and returns how many other files they hold.
func expand(paths []string) (files []string, skipped int, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, 0, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, 0, err
		}
		for _, entry := range entries {
			switch {
			case entry.IsDir():
			case isCertificateFile(entry.Name()):
				files = append(files, filepath.Join(path, entry.Name()))
			default:
				skipped++
			}
		}
	}
	return files, skipped, nil
}

func isCertificateFile(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".cer", ".crt", ".der", ".pem", ".p7b", ".p7c", ".p7s", ".spc", ".pfx", ".p12":
		return !strings.HasPrefix(name, ".")
	}
	return false
}
