package codesign

import (
	"bytes"

	"github.com/seed-230b9595/intune-go/internal/ber"
	"github.com/seed-230b9595/intune-go/internal/lenientx509"
	"github.com/seed-230b9595/intune-go/internal/privatekey"
)

// isDER says whether data begins like a certificate: with a SEQUENCE in a SEQUENCE.
func isDER(data []byte) bool {
	content, ok := ber.Start(data, ber.Sequence)
	if !ok {
		return false
	}
	_, ok = ber.Start(content, ber.Sequence)
	return ok
}

// readDER reads certificates, one behind the other, up to the end or to the white space or zeros that some tools leave there.
func readDER(data []byte) (*contents, error) {
	if kind := privatekey.Find(data); kind != "" {
		return nil, onlyKey(kind)
	}
	held := &contents{format: FormatDER}
	for len(bytes.Trim(data, " \t\r\n\x00")) > 0 {
		value, rest, err := ber.Next(data)
		if err != nil {
			return nil, bad("holds no certificate that can be read", err)
		}
		cert, err := lenientx509.Parse(value.Raw)
		if err != nil {
			return nil, bad("holds no certificate that can be read", err)
		}
		held.certs = append(held.certs, cert)
		data = rest
	}
	return held, nil
}
