package codesign

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// The parts of a package, and of a bundle of packages.
// See https://learn.microsoft.com/windows/msix/overview#inside-an-msix-package.
const (
	signaturePart      = "AppxSignature.p7x"
	manifestPart       = "AppxManifest.xml"
	bundleManifestPart = "AppxMetadata/AppxBundleManifest.xml"
)

func isZIP(start []byte) bool { return bytes.HasPrefix(start, []byte("PK\x03\x04")) }

// appxSignatureMagic stands before the PKCS #7 in an AppxSignature.p7x.
const appxSignatureMagic = "PKCX"

// readZIP reads the signature of an app package. Nothing is unpacked but the signature, and nothing is written to a file.
func readZIP(file source) (*contents, error) {
	archive, err := openZIP(file)
	switch {
	case errors.Is(err, errTooManyParts):
		return nil, bad(fmt.Sprintf("is a ZIP file with more files than are read: its directory has at most %d MiB", maxDirectory>>20), nil)
	case err != nil:
		return nil, bad("begins as a ZIP file, but is damaged or truncated", err)
	}
	format := FormatMSIX
	switch {
	case len(partsNamed(archive, bundleManifestPart)) > 0:
		format = FormatMSIXBundle
	case len(partsNamed(archive, manifestPart)) == 0:
		return nil, noPackage(archive)
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
	if !isAppxSignature(data) {
		return nil, bad("is a package whose "+signaturePart+" is not a signature", nil)
	}
	return readAppxSignature(data, format)
}

// isAppxSignature says whether data is an AppxSignature.p7x.
func isAppxSignature(data []byte) bool { return bytes.HasPrefix(data, []byte(appxSignatureMagic)) }

func readAppxSignature(data []byte, format Format) (*contents, error) {
	return readSignature(data[len(appxSignatureMagic):], format)
}

// noPackage says what a ZIP file is instead, and what to give: certificate authorities deliver certificates in one, and Visual
// Studio packages for the Store.
func noPackage(archive *zip.Reader) error {
	const shown = 5
	var names []string
	for _, part := range archive.File {
		switch strings.ToLower(path.Ext(part.Name)) {
		case ".intunewin":
			return bad("is a Win32 app for Intune (.intunewin), whose content is encrypted: use the program or installer that it was made from", nil)
		case ".nuspec":
			return bad("is a NuGet package, which Windows does not install: use the certificate, or a program or an app package that it has signed", nil)
		case ".cer", ".crt", ".der", ".pem", ".p7b", ".p7c", ".p7s", ".spc", ".pfx", ".p12", ".msix", ".appx", ".msixbundle", ".appxbundle":
			names = append(names, fmt.Sprintf("%.80q", part.Name))
		}
	}
	if len(names) == 0 {
		return bad("is a ZIP file, but not an MSIX or APPX package", nil)
	}
	list := strings.Join(names[:min(len(names), shown)], ", ")
	if len(names) > shown {
		list += fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return bad("is a ZIP file of certificates or packages, such as an upload for the Store: unpack it and use one of them, "+list, nil)
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

// unpack reads a part of at most maxPackageSignature bytes, whatever its header says of its size.
func unpack(part *zip.File) ([]byte, error) {
	content, err := part.Open()
	if err != nil {
		return nil, bad("holds a "+signaturePart+" that cannot be read", err)
	}
	defer func() { _ = content.Close() }()
	data, err := io.ReadAll(io.LimitReader(content, maxPackageSignature+1))
	switch {
	case err != nil:
		return nil, bad("holds a "+signaturePart+" that cannot be read", err)
	case len(data) > maxPackageSignature:
		return nil, signatureTooLarge(maxPackageSignature)
	}
	return data, nil
}

// maxPackageSignature limits the signature of a package. It holds a few digests, however large the package is.
const maxPackageSignature = 1 << 20

// maxDirectory limits what archive/zip reads of the directory and so keeps in memory: some 60,000 parts.
const maxDirectory = 8 << 20

var errTooManyParts = errors.New("too many parts")

// openZIP reads the directory of a ZIP file.
func openZIP(file source) (*zip.Reader, error) {
	if err := checkDeclaredParts(file); err != nil {
		return nil, err
	}
	return zip.NewReader(&limitedReaderAt{file, maxDirectory + maxPackageSignature}, file.size)
}

// checkDeclaredParts rejects a file that says it has more parts than its directory may have. archive/zip makes room for as
// many as a file of that size could hold, so a hostile one of some gigabytes would cost a fourth of that. Only a ZIP64 end of
// the directory can say so, to which a locator immediately before the ordinary end points. What looks like a locator elsewhere
// belongs to a package that is stored in a bundle.
func checkDeclaredParts(file source) error {
	const (
		locatorSize   = 20
		partsInEnd    = 32
		leastPerEntry = 46
	)
	end, err := directoryEnd(file)
	if err != nil || end < locatorSize {
		return nil //nolint:nilerr // archive/zip says what is wrong with it
	}
	locator, err := file.readAt(end-locatorSize, locatorSize)
	if err != nil || !bytes.HasPrefix(locator, []byte("PK\x06\x07")) {
		return err
	}
	offset := int64(binary.LittleEndian.Uint64(locator[8:])) //nolint:gosec // one that overflows is below zero
	parts, err := file.readAt(offset+partsInEnd, 8)
	if err != nil {
		return nil //nolint:nilerr // archive/zip says what is wrong with it
	}
	if binary.LittleEndian.Uint64(parts) > maxDirectory/leastPerEntry {
		return errTooManyParts
	}
	return nil
}

// directoryEnd returns where the end of the directory begins. Like archive/zip, it takes the last one whose comment fits.
func directoryEnd(file source) (int64, error) {
	const endSize, searched = 22, 65 << 10 // a comment has less than 64 KiB
	start := max(file.size-searched, 0)
	tail, err := file.readAt(start, file.size-start)
	if err != nil {
		return 0, err
	}
	for i := len(tail) - endSize; i >= 0; i-- {
		comment := func() int { return int(binary.LittleEndian.Uint16(tail[i+20:])) }
		if bytes.HasPrefix(tail[i:], []byte("PK\x05\x06")) && i+endSize+comment() <= len(tail) {
			return start + int64(i), nil
		}
	}
	return 0, io.ErrUnexpectedEOF
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
