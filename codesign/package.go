package codesign

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The parts of a package, and of a bundle of packages.
// See https://learn.microsoft.com/windows/msix/overview#inside-an-msix-package.
const (
	signaturePart      = "AppxSignature.p7x"
	manifestPart       = "AppxManifest.xml"
	bundleManifestPart = "AppxMetadata/AppxBundleManifest.xml"
)

// readPackage reads the signature of an app package. Nothing is unpacked but the signature, and nothing is written to a file.
func readPackage(file io.ReaderAt, size int64) (*contents, error) {
	archive, err := openZIP(file, size)
	switch {
	case errors.Is(err, errTooManyParts):
		return nil, bad(fmt.Sprintf("is a ZIP file with more files than are read: its directory has at most %d MiB", maxDirectory>>20), nil)
	case err != nil:
		return nil, bad("begins as a ZIP file, but is damaged or cut short", err)
	}
	format := FormatMSIX
	switch {
	case len(partsNamed(archive, bundleManifestPart)) > 0:
		format = FormatMSIXBundle
	case len(partsNamed(archive, manifestPart)) == 0:
		return nil, bad("is a ZIP file, but no MSIX or APPX package", nil)
	}
	signatures := partsNamed(archive, signaturePart)
	switch len(signatures) {
	case 0:
		return nil, bad("is a package that is not signed", nil)
	case 1:
	default:
		return nil, bad("is a package with more than one "+signaturePart, nil)
	}
	data, err := unpack(signatures[0])
	if err != nil {
		return nil, err
	}
	signature, hasMagic := bytes.CutPrefix(data, []byte("PKCX"))
	if !hasMagic {
		return nil, bad("is a package whose "+signaturePart+" is no signature", nil)
	}
	return readSignature(signature, format)
}

// partsNamed returns the parts of a name. Names of parts are compared without case (ECMA-376, part 2).
func partsNamed(archive *zip.Reader, name string) (parts []*zip.File) {
	for _, part := range archive.File {
		if strings.EqualFold(part.Name, name) {
			parts = append(parts, part)
		}
	}
	return parts
}

// unpack reads a part of at most maxSignature bytes, whatever its header says of its size.
func unpack(part *zip.File) ([]byte, error) {
	content, err := part.Open()
	if err != nil {
		return nil, bad("holds a "+signaturePart+" that cannot be read", err)
	}
	defer func() { _ = content.Close() }()
	data, err := io.ReadAll(io.LimitReader(content, maxSignature+1))
	switch {
	case err != nil:
		return nil, bad("holds a "+signaturePart+" that cannot be read", err)
	case len(data) > maxSignature:
		return nil, bad(fmt.Sprintf("has a signature of more than %d bytes", maxSignature), nil)
	}
	return data, nil
}

// maxDirectory bounds what archive/zip reads of the directory and so keeps in memory: some 60,000 parts.
const maxDirectory = 8 << 20

var errTooManyParts = errors.New("too many parts")

// openZIP reads the directory of a ZIP file.
func openZIP(file io.ReaderAt, size int64) (*zip.Reader, error) {
	if err := checkDeclaredParts(file, size); err != nil {
		return nil, err
	}
	return zip.NewReader(&limitedReaderAt{file, maxDirectory + maxSignature}, size)
}

// checkDeclaredParts refuses a file that says it has more parts than its directory may. archive/zip makes room for as
// many as a file of that size could hold, so a hostile one of some gigabytes would cost a fourth of that. Only a ZIP64
// end of the directory, which a locator near the end of the file points to, can say so.
func checkDeclaredParts(file io.ReaderAt, size int64) error {
	const (
		searched      = 66 << 10 // more than the end of the directory and a comment can take
		locatorSize   = 20
		endSize       = 56
		partsInEnd    = 32
		leastPerEntry = 46
	)
	tail := make([]byte, min(size, searched))
	if _, err := file.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for {
		i := bytes.Index(tail, []byte("PK\x06\x07"))
		if i < 0 || len(tail)-i < locatorSize {
			return nil
		}
		end := make([]byte, endSize)
		offset := int64(binary.LittleEndian.Uint64(tail[i+8:])) //nolint:gosec // one that overflows is below zero
		if 0 <= offset && offset < size {
			if _, err := file.ReadAt(end, offset); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
		}
		if parts := binary.LittleEndian.Uint64(end[partsInEnd:]); parts > maxDirectory/leastPerEntry {
			return errTooManyParts
		}
		tail = tail[i+1:]
	}
}

// limitedReaderAt reads so many bytes and no more.
type limitedReaderAt struct {
	file io.ReaderAt
	left int
}

func (l *limitedReaderAt) ReadAt(p []byte, offset int64) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errTooManyParts
	}
	return l.file.ReadAt(p, offset)
}
