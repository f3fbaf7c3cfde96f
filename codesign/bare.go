package codesign

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/der"
	"github.com/seed-230b9595/intune-go/internal/pemtext"
	"github.com/seed-230b9595/intune-go/internal/privatekey"
)

// readBare reads any file that is neither a program nor a package: DER, or DER in PEM or base64.
func readBare(data []byte, o options) (*contents, error) {
	if isDER(data) {
		return readDER(data, FormatDER, o)
	}
	text := pemtext.Plain(data)
	if bytes.Contains(text, begin) {
		return readPEM(text, o)
	}
	decoded, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(text), nil)))
	if err == nil && isDER(decoded) {
		return readDER(decoded, FormatBase64, o)
	}
	if kind := privatekey.Find(data); kind != "" {
		return nil, onlyKey(kind)
	}
	return nil, bad("is none of the formats that hold a certificate: DER, PEM, base64, PKCS #7, PKCS #12, and signed .exe, .dll, .msix and .appx", nil)
}

// isDER tells DER from text. Nothing that holds a certificate is short enough for a length of one byte.
func isDER(data []byte) bool {
	const longForm = 0x80
	return len(data) > 1 && data[0] == der.Sequence && data[1] >= longForm
}

// readDER reads certificates, one behind the other, or a container of them. format is that of certificates alone.
func readDER(data []byte, format Format, o options) (*contents, error) {
	if isPKCS7(data) {
		certs, _, err := parsePKCS7(data)
		return &contents{format: FormatPKCS7, certs: certs}, err
	}
	switch kind := privatekey.Find(data); kind {
	case "":
	case privatekey.PKCS12:
		return readPKCS12(data, o.password)
	default:
		return nil, onlyKey(kind)
	}
	certs, err := parseCertificates(data)
	if err != nil {
		return nil, bad("holds no certificate that can be read", err)
	}
	return &contents{format: format, certs: certs}, nil
}

// parseCertificates reads certificates up to the end, or to the white space or zeros that some tools leave there.
func parseCertificates(data []byte) (certs []*x509.Certificate, err error) {
	for len(bytes.Trim(data, " \t\r\n\x00")) > 0 {
		var next asn1.RawValue
		if data, err = asn1.Unmarshal(data, &next); err != nil {
			return nil, err
		}
		cert, err := x509.ParseCertificate(next.FullBytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

func onlyKey(kind string) error {
	return bad("holds a private key ("+kind+"): the certificate is in another file", nil)
}

var begin = []byte("-----BEGIN ")

// readPEM collects the certificates of all blocks, and passes over what stands beside them, private keys for example.
func readPEM(text []byte, o options) (*contents, error) {
	text = pemtext.PEM(text)
	held := new(contents)
	var others []string
	blocks := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		blocks++
		data := block.Bytes
		switch block.Type {
		default:
			others = append(others, block.Type)
			continue
		case "TRUSTED CERTIFICATE": // OpenSSL's, with its settings behind the certificate
			data = firstValue(data)
		case "CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "PKCS #7 SIGNED DATA", "CMS", "PKCS12":
		}
		more, err := readDER(data, FormatPEM, o)
		if err != nil {
			return nil, inBlock(blocks, err)
		}
		if held.format == "" {
			held.format = more.format
		}
		held.certs, held.signers = append(held.certs, more.certs...), append(held.signers, more.signers...)
	}
	switch all := bytes.Count(text, begin); {
	case blocks < all:
		return nil, bad(fmt.Sprintf("is cut short or damaged: %d of its %d PEM blocks cannot be read", all-blocks, all), nil)
	case len(held.certs) == 0:
		return nil, noCertificate(others)
	}
	return held, nil
}

// inBlock says in which PEM block something is wrong.
func inBlock(number int, err error) error {
	var input *intune.InputError
	if !errors.As(err, &input) {
		return err
	}
	return bad(fmt.Sprintf("in PEM block %d %s", number, input.Problem), input.Err)
}

// noCertificate says what PEM blocks hold instead.
func noCertificate(types []string) error {
	for _, kind := range types {
		switch {
		case strings.HasSuffix(kind, "PRIVATE KEY"):
			return onlyKey("PEM " + kind)
		case strings.HasSuffix(kind, "CERTIFICATE REQUEST"):
			return bad("holds a certificate request: the certificate is what the authority answers it with", nil)
		}
	}
	if len(types) == 0 {
		return bad("holds no certificate", nil)
	}
	return bad(fmt.Sprintf("holds no certificate, only PEM of the type %.40s", types[0]), nil)
}

func firstValue(data []byte) []byte {
	var first asn1.RawValue
	if _, err := asn1.Unmarshal(data, &first); err != nil {
		return data // which says what is wrong where it is parsed
	}
	return first.FullBytes
}
