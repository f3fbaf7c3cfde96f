package main

// This file reads certificates from the files and folders of the command line.

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

// passwordVariable is the environment variable with the password of .pfx files. There is no flag for it, because others on
// a machine can read the arguments of its processes.
const passwordVariable = "INTUNE_CERT_PASSWORD" //nolint:gosec // the name, not the password

const fileHelp = `A certificate is read from any file that holds it: .cer, .crt, .pem, .p7b, .pfx, or a program, package, installer or script
that it has signed. It is not read from standard input. The password of a .pfx file comes from --password-file, from the
environment variable INTUNE_CERT_PASSWORD, or from a prompt on the terminal.`

const confirmHelp = `The certificate of an authority (CA:TRUE), and one that is for other uses than code signing, are rejected unless --thumbprint
confirms them. That is possible for one file at a time.`

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
	switch l.source {
	case prompted:
		return l.loadWithPrompt(ctx, file, err)
	case "":
		return l.loadWithPrompt(ctx, file, &advisedError{
			err: err, text: file + " needs a password, and none was given",
			next: "Put it into a file and name that with --password-file, or put it into the environment variable " + passwordVariable + ".",
		})
	}
	return nil, &advisedError{err: err, text: fmt.Sprintf("the password from %s is not the one of %s", l.source, file), next: "Correct the password in " + l.source + "."}
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

// loadForUpload rejects a certificate that hardly anybody means to upload, unless its thumbprint was given.
func (l *loader) loadForUpload(ctx context.Context, file string) (*codesign.Certificate, error) {
	cert, err := l.load(ctx, file)
	if err != nil {
		return nil, err
	}
	if problem := objection(cert); problem != "" && l.thumbprint == "" {
		return nil, &advisedError{
			err: fmt.Errorf("%s %s", file, problem), next: "If that is intended, confirm it with --thumbprint " + cert.Thumbprint(),
		}
	}
	return cert, nil
}

// objection says why a certificate is uploaded only if its thumbprint confirms it, "" if nothing is to be confirmed.
func objection(cert *codesign.Certificate) string {
	leaf := cert.Leaf
	allowsSigning := slices.ContainsFunc(leaf.ExtKeyUsage, func(usage x509.ExtKeyUsage) bool {
		return usage == x509.ExtKeyUsageCodeSigning || usage == x509.ExtKeyUsageAny
	})
	switch {
	case leaf.IsCA:
		return "holds the certificate of an authority: devices would trust everything that it issues"
	case len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) > 0 && !allowsSigning:
		return "holds a certificate that is not for code signing"
	}
	return ""
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
	data = decodeUTF16(data)
	if !utf8.Valid(data) || slices.Contains(data, 0) {
		return "", &advisedError{err: fmt.Errorf("--password-file %s: the password is not in UTF-8", file), next: "Save the file as UTF-8."}
	}
	password := strings.TrimPrefix(string(data), "\uFEFF")
	return strings.TrimSuffix(strings.TrimSuffix(password, "\n"), "\r"), nil
}

// decodeUTF16 decodes what Windows PowerShell writes with ">": UTF-16, least significant byte and a byte-order mark first.
func decodeUTF16(data []byte) []byte {
	text, isUTF16 := bytes.CutPrefix(data, []byte("\xff\xfe"))
	if !isUTF16 || len(text)%2 != 0 {
		return data
	}
	var units []uint16
	for pair := range slices.Chunk(text, 2) {
		units = append(units, binary.LittleEndian.Uint16(pair))
	}
	return []byte(string(utf16.Decode(units)))
}

// expand replaces folders by the certificate files in them, and returns which other files they hold.
func expand(paths []string) (files, skipped []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, nil, err
		}
		for _, entry := range entries {
			switch {
			case entry.IsDir():
			case isCertificateFile(entry.Name()):
				files = append(files, filepath.Join(path, entry.Name()))
			default:
				skipped = append(skipped, filepath.Join(path, entry.Name()))
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
