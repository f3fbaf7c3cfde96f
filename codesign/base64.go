package codesign

import (
	"bytes"
	"encoding/base64"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// decodeBase64 decodes text that is base64 alone, in any number of lines, with padding or without. ok says whether it holds
// DER or PEM; a single word is base64, too.
func decodeBase64(text []byte) (decoded []byte, ok bool) {
	digits := bytes.TrimRight(bytes.Join(bytes.Fields(text), nil), "=")
	decoded, err := base64.RawStdEncoding.AppendDecode(nil, digits)
	if err != nil {
		return nil, false
	}
	_, isSequence := ber.Start(decoded, ber.Sequence)
	return decoded, isSequence || isPEM(decoded)
}

// readBase64 reads what base64 holds: a certificate, or a file of another format.
func readBase64(decoded []byte, inside func([]byte) (*contents, error)) (*contents, error) {
	held, err := inside(decoded)
	if err == nil && held.format == FormatDER {
		held.format = FormatBase64
	}
	return held, err
}
