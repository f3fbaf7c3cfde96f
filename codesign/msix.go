package codesign

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
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
	archive, err := zip.NewReader(&limitedReaderAt{file, maxDirectory + maxPackageSignature}, file.size)
	if err != nil {
		return nil, bad("begins as a ZIP file, but cannot be read", err)
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

var errTooManyParts = fmt.Errorf("its directory has more than %d MiB", maxDirectory>>20)

// limitedReaderAt reads so many bytes and no more.
type limitedReaderAt struct {
	file io.ReaderAt
	left int
}

// ReadAt rejects a file whose ZIP64 end of the directory, when archive/zip reads it, says that there are more parts than a
// directory may have. archive/zip makes room for as many as a file of that size could hold, so a hostile one of some gigabytes
// would cost a fourth of that.
func (l *limitedReaderAt) ReadAt(p []byte, offset int64) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errTooManyParts
	}
	n, err := l.file.ReadAt(p, offset)
	const endSize, partsAt, leastPerPart = 56, 32, 46
	isEnd := n == endSize && bytes.HasPrefix(p, []byte("PK\x06\x06"))
	if isEnd && binary.LittleEndian.Uint64(p[partsAt:]) > maxDirectory/leastPerPart {
		return 0, errTooManyParts
	}
	return n, err
}
