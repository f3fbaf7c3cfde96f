package pfx

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

// password is one password in the encodings that tools derive keys from. The usual one comes first.
type password struct {
	bmp  [][]byte // for the MAC, and for the encryption of PKCS #12 itself (RFC 7292, appendix B.1)
	utf8 [][]byte // for PBES2 (RFC 8018) and PBMAC1 (RFC 9579)
}

// passwords returns the passwords to try: the caller's, and the empty one, because a container that needs none is opened
// with any.
func passwords(text string) []password {
	tried := []password{encodings(text)}
	if text != "" {
		tried = append(tried, encodings(""))
	}
	return tried
}

func encodings(text string) password {
	bmp := bmpString(utf16.Encode([]rune(text)))
	if text == "" {
		// No password and an empty one differ by the final zeros. Tools do not agree which is which.
		return password{bmp: [][]byte{bmp, {}}, utf8: [][]byte{{}, bmp}}
	}
	var widened []uint16
	for _, b := range []byte(text) {
		widened = append(widened, uint16(b))
	}
	p := password{bmp: [][]byte{bmp}, utf8: [][]byte{[]byte(text)}}
	if wide := bmpString(widened); !slices.Equal(wide, bmp) { // not ASCII
		p.bmp = append(p.bmp, wide) // OpenSSL before 1.1
		if latin := latin1(text); latin != nil {
			p.utf8 = append(p.utf8, latin)
		}
	}
	p.utf8 = append(p.utf8, bmp) // NSS before 3.109
	return p
}

// bmpString is the big-endian encoding of characters and a final zero.
func bmpString(units []uint16) (out []byte) {
	for _, unit := range append(units, 0) {
		out = binary.BigEndian.AppendUint16(out, unit)
	}
	return out
}

// latin1 encodes a text in one byte for each character, nil if that is impossible.
func latin1(text string) (out []byte) {
	for _, r := range text {
		if r > 0xff {
			return nil
		}
		out = append(out, byte(r)) //nolint:gosec // at most 0xff
	}
	return out
}
