package codesign

// This file is shared by the readers of all formats: the file, its limits, and errors about it.

import (
	"fmt"
	"io"

	intune "github.com/seed-230b9595/intune-go"
)

// The largest files that are read as a whole. Of others only the signature is read.
const (
	maxCertificates = 64 << 10
	maxSignature    = 4 << 20
)

// source is a file.
type source struct {
	io.ReaderAt

	size int64
}

// readAt reads length bytes from an offset. What lies beyond the end is io.ErrUnexpectedEOF.
func (s source) readAt(offset, length int64) ([]byte, error) {
	if offset < 0 || length < 0 || offset > s.size || length > s.size-offset {
		return nil, io.ErrUnexpectedEOF
	}
	data := make([]byte, length)
	_, err := io.ReadFull(io.NewSectionReader(s, offset, length), data)
	return data, err
}

// signature reads the signature of a file of some kind.
func (s source) signature(kind string, offset, length int64) ([]byte, error) {
	switch {
	case length == 0:
		return nil, bad("is "+kind+" that is not signed", nil)
	case offset+length > s.size:
		return nil, bad("is "+kind+" that is truncated before its signature", nil)
	case length > maxSignature:
		return nil, signatureTooLarge(maxSignature)
	}
	return s.readAt(offset, length)
}

func signatureTooLarge(limit int) error {
	return bad(fmt.Sprintf("has a signature of more than %d bytes", limit), nil)
}

// bad says what is wrong with a file, in words that follow its name, and why, if something else has found that out.
func bad(problem string, err error) error { return &intune.InputError{Problem: problem, Err: err} }

// onlyRequest says that a file holds a certificate request and nothing else.
func onlyRequest() error {
	return bad("holds a certificate request: use the certificate that the authority returned for it", nil)
}
