package codesign

import (
	"bytes"
	"errors"
	"regexp"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/format/privatekey"
	"github.com/seed-230b9595/intune-go/internal/format/regularfile"
	"github.com/seed-230b9595/intune-go/internal/format/unwrap"
)

// Load reads the certificate from a regular file or a link to one. Pipes and devices are not opened.
//
// Programs, packages, installers and cabinets may have any size, because only their signature is read. These have limits:
//
//   - the signature: 4 MiB, in a package 1 MiB;
//   - the directory of a package: 8 MiB, about 60,000 files;
//   - scripts, catalogs and other PKCS #7 files: 4 MiB;
//   - all other files: 64 KiB;
//   - the iterations of a PKCS #12 container: millions are an error.
//
// If the file can't be used, the error is an [*intune.InputError], which may wrap an [*AmbiguousError] or
// [ErrIncorrectPassword]. File system errors are [*io/fs.PathError].
func Load(path string, opts ...Option) (*Certificate, error) {
	file, size, err := regularfile.Open(path)
	switch {
	case regularfile.IsUnusable(err):
		return nil, &intune.InputError{Name: path, Problem: err.Error()}
	case err != nil:
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return parse(path, source{file, size}, opts)
}

// Parse reads the certificate from the content of a file, with the limits and errors of [Load].
func Parse(data []byte, opts ...Option) (*Certificate, error) {
	return parse("certificate", source{bytes.NewReader(data), int64(len(data))}, opts)
}

func parse(name string, file source, opts []Option) (*Certificate, error) {
	var o options
	for _, opt := range opts {
		if opt == nil {
			return nil, &intune.InputError{Name: "Option", Problem: "is nil"}
		}
		opt(&o)
	}
	if o.thumbprint != nil && !thumbprintForm.MatchString(*o.thumbprint) {
		return nil, &intune.InputError{Name: "thumbprint", Problem: "is not a SHA-1 thumbprint, which has 40 hexadecimal digits"}
	}
	var cert *Certificate
	held, err := read(file, o)
	if err == nil {
		cert, err = held.choose(o.thumbprint)
	}
	if input, ok := errors.AsType[*intune.InputError](err); ok {
		input.Name = name
	}
	return cert, err
}

var thumbprintForm = regexp.MustCompile(`^[0-9A-F]{40}$`)

// read recognizes the formats of which only a part is read, by their first bytes.
func read(file source, o options) (*contents, error) {
	const longestMagic = 8
	start, err := file.readAt(0, min(file.size, longestMagic))
	if err != nil {
		return nil, err
	}
	switch {
	case len(start) == 0:
		return nil, bad("is empty", nil)
	case isPE(start):
		return readPE(file)
	case isZIP(start):
		return readZIP(file)
	case isMSI(start):
		return readMSI(file)
	case isCabinet(start):
		return readCabinet(file)
	case file.size > maxSignature:
		return nil, bad("is larger than 4 MiB, and not a signed program, package, installer or cabinet: export only the certificate", nil)
	}
	data, err := file.readAt(0, file.size)
	if err != nil {
		return nil, err
	}
	return readWhole(data, o.password)
}

// readWhole reads a file of a format that is read as a whole, and says if it holds a private key.
func readWhole(data []byte, password string) (*contents, error) {
	reader := &wholeReader{password: password}
	switch text := unwrap.Text(data); {
	case isScript(text) && !isPKCS7(data):
		return readScript(text)
	case len(data) > maxCertificates:
		return reader.read(data)
	}
	held, err := reader.readLayers(data)
	if reader.containers > 0 {
		return held, err
	}
	switch kind := privatekey.Find(data); {
	case kind != "" && err == nil && len(held.certs) > 0:
		held.hasKey = true
		return held, nil
	case kind == privatekey.JavaKeyStore:
		return nil, bad("is a Java key store: export the certificate with keytool -exportcert -rfc -keystore FILE -alias ALIAS -file contoso.cer (keytool -list -keystore FILE shows the aliases)", nil)
	case kind != "":
		return nil, bad("holds a private key ("+kind+"): use a file with only the certificate", nil)
	}
	return held, err
}

// readLayers reads what data holds in whatever encodings. Text may hold several certificates.
func (r *wholeReader) readLayers(data []byte) (*contents, error) {
	layers, _ := unwrap.Find(data, isKnown)
	held := new(contents)
	for _, layer := range layers {
		isText := !bytes.HasSuffix(data, layer)
		if isText && isDER(layer) {
			layer = certificatesOf(layer)
		}
		more, err := r.read(layer)
		switch {
		case err != nil && len(layers) == 1:
			return nil, err
		case err != nil:
			held.unreadable = append(held.unreadable, err)
			continue
		case isText && more.format == FormatDER:
			more.format = FormatBase64
		}
		held.add(more)
	}
	switch mistake := unwrap.Mistake(data); {
	case len(layers) > 0:
		return held, nil
	case mistake != "":
		return nil, bad(mistake, nil)
	}
	return nil, bad("has no known format: use DER, PEM, base64, PKCS #7, PKCS #12, or a signed program, package, installer, cabinet or script", nil)
}

// wholeReader reads the formats that are read as a whole.
type wholeReader struct {
	password   string
	containers int // of PKCS #12 so far. PEM may hold many, each of which costs all the work that one may
}

// isKnown reports whether wholeReader reads data. Less is taken for a word that happens to look like base64.
func isKnown(data []byte) bool {
	const least = 64
	return unwrap.IsPEM(data) || len(data) >= least && (isPKCS7(data) || isAppxSignature(data) || isPKCS12(data) || isDER(data))
}

func (r *wholeReader) read(data []byte) (*contents, error) {
	switch {
	case isPKCS7(data):
		return readPKCS7(data, FormatPKCS7)
	case isAppxSignature(data):
		return readAppxSignature(data, FormatPKCS7)
	case len(data) > maxCertificates:
		return nil, bad("is larger than 64 KiB, and neither a script nor a signature: export only the certificate", nil)
	case isPKCS12(data) && r.containers > 0:
		return nil, bad("holds more than one PKCS #12 container", nil)
	case isPKCS12(data):
		r.containers++
		return readPKCS12(data, r.password)
	case isDER(data):
		return readDER(data)
	case unwrap.IsPEM(data):
		return readPEM(data, r.read)
	}
	return nil, bad("holds no certificate that can be read", nil)
}
