package codesign

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // for the length of a thumbprint
	"encoding/hex"
	"errors"
	"io"
	"os"

	intune "github.com/seed-230b9595/intune-go"
)

// maxBare is the largest file that is read as a whole: anything but programs and packages.
const maxBare = 64 << 10

// Load reads the certificate from a file, or from a pipe where it is none of a program or package.
//
// Programs and packages may be of any size, since only their signature is read, which has at most 1 MiB; the directory
// of a package has at most 8 MiB, some 60,000 files. Other files have at most 64 KiB. What cannot be read is an
// *intune.InputError; an *AmbiguousError or ErrIncorrectPassword may be inside it. Errors of the file system are
// *fs.PathError.
func Load(path string, opts ...Option) (*Certificate, error) {
	file, err := os.Open(path) //nolint:gosec // the file that the caller names
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	var content io.ReaderAt = file
	size := info.Size()
	if !info.Mode().IsRegular() {
		data, err := io.ReadAll(io.LimitReader(file, maxBare+1))
		if err != nil {
			return nil, err
		}
		content, size = bytes.NewReader(data), int64(len(data))
	}
	return parse(path, content, size, opts)
}

// Parse reads the certificate from the content of a file, with the limits and errors of Load.
func Parse(data []byte, opts ...Option) (*Certificate, error) {
	return parse("certificate", bytes.NewReader(data), int64(len(data)), opts)
}

func parse(name string, file io.ReaderAt, size int64, opts []Option) (*Certificate, error) {
	var o options
	for _, opt := range opts {
		if opt == nil {
			return nil, &intune.InputError{Name: "Option", Problem: "is nil"}
		}
		opt(&o)
	}
	if o.thumbprint != nil && !isThumbprint(*o.thumbprint) {
		return nil, &intune.InputError{Name: "thumbprint", Problem: "is not a SHA-1 thumbprint, which has 40 hexadecimal digits"}
	}
	held, err := read(file, size, o)
	if err != nil {
		return nil, named(name, err)
	}
	cert, err := held.choose(o.thumbprint)
	if err != nil {
		return nil, named(name, err)
	}
	return cert, nil
}

// read recognises the format.
func read(file io.ReaderAt, size int64, o options) (*contents, error) {
	start := make([]byte, 4)
	n, err := file.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch start = start[:n]; {
	case len(start) == 0:
		return nil, bad("is empty", nil)
	case bytes.HasPrefix(start, []byte("MZ")):
		return readPE(file, size)
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return readPackage(file, size)
	case size > maxBare:
		return nil, bad("is neither a program nor a package, and larger than 64 KiB: export the certificate alone", nil)
	}
	data := make([]byte, size)
	if _, err := file.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return readBare(data, o)
}

// bad says what is wrong with a file, in words that follow its name, and why, where something else has found that out.
func bad(problem string, err error) error { return &intune.InputError{Problem: problem, Err: err} }

func isThumbprint(text string) bool {
	sum, err := hex.DecodeString(text)
	return err == nil && len(sum) == sha1.Size
}

func named(name string, err error) error {
	if input := (*intune.InputError)(nil); errors.As(err, &input) {
		input.Name = name
	}
	return err
}
