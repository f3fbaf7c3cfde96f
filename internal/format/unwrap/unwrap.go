// Package unwrap undoes what editors, shells, forms and secret stores do to a file: byte-order marks, UTF-16, quotation
// marks, labels, escapes, PEM, base64, hexadecimal and lists of bytes.
package unwrap

import (
	"bytes"
	"encoding/pem"
	"iter"
	"regexp"
	"slices"
	"strings"
)

// Find returns what isKnown accepts: data itself, or else what data holds in other encodings, in any number of layers. It
// does not look inside what it returns. isComplete is false if data holds more layers than are worth the work.
func Find(data []byte, isKnown func([]byte) bool) (found [][]byte, isComplete bool) {
	const workPerByte, leastWork = 16, 1 << 16
	s := &search{isKnown: isKnown, work: workPerByte*len(data) + leastWork}
	s.look(data)
	return s.found, s.work >= 0
}

type search struct {
	isKnown func([]byte) bool
	found   [][]byte
	work    int // how many bytes may still be decoded
}

func (s *search) look(data []byte) {
	if s.work -= len(data); s.work < 0 {
		return
	}
	switch {
	case !s.isKnown(data):
		if len(data) >= shortest {
			s.lookInside(data)
		}
	case slices.ContainsFunc(s.found, func(other []byte) bool { return bytes.HasPrefix(data, other) }):
		// Base64 in PEM, which is found again with what the boundary behind it looks like.
	default:
		s.found = append(s.found, data)
	}
}

// lookInside looks at what data may hold in another encoding. All of it is shorter than data.
func (s *search) lookInside(data []byte) {
	if text := Text(data); len(text) < len(data) {
		s.look(text)
		if bytes.HasSuffix(data, text) {
			return
		}
	}
	if plain := unescape(data); len(plain) < len(data) {
		s.look(plain)
	}
	for block := range PEM(data) {
		s.look(block.Bytes)
	}
	fromBase64(data, s.look)
	fromHex(data, s.look)
	fromDecimal(data, s.look)
}

// Text returns data without a byte-order mark, the zeros of UTF-16, and white space and zeros in front.
func Text(data []byte) []byte {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff", "\xef\xbb\xbf"} {
		data = bytes.TrimPrefix(data, []byte(mark))
	}
	if bytes.IndexByte(data, 0) >= 0 {
		if text := bytes.ReplaceAll(data, []byte{0}, nil); !isBinary(text) {
			data = text
		}
	}
	return bytes.TrimLeft(data, space+"\x00")
}

// isBinary reports whether so many bytes are control characters that data is no text.
func isBinary(data []byte) bool {
	const few = 20
	controls := 0
	for _, c := range data {
		if c < ' ' && strings.IndexByte(space, c) < 0 {
			controls++
		}
	}
	return controls > len(data)/few
}

// unescape undoes the escapes of JSON, URLs and string literals, and what makes lines quotations or comments.
func unescape(data []byte) []byte {
	const marks = ">#;"
	if !bytes.ContainsAny(data, `\%`+marks) {
		return data
	}
	plain := make([]byte, 0, len(data))
	isLineStart := true
	for rest := data; len(rest) > 0; {
		switch c := rest[0]; {
		case c == '\\' || c == '%':
			char, length := unescapeChar(rest)
			plain, rest = append(plain, char...), rest[length:]
		case isLineStart && strings.IndexByte(marks, c) >= 0:
			rest = bytes.TrimLeft(rest, marks+" ")
		default:
			plain, rest = append(plain, c), rest[1:]
		}
		isLineStart = len(plain) == 0 || plain[len(plain)-1] == '\n'
	}
	return plain
}

// unescapeChar undoes the escape at the beginning of data. A backslash that begins none is left out.
func unescapeChar(data []byte) (char []byte, length int) {
	for _, prefix := range []string{`\u00`, `\x`, "%"} {
		digits, isEscape := bytes.CutPrefix(data, []byte(prefix))
		if char = decodeHex(digits[:min(len(digits), 2)]); isEscape && len(char) > 0 {
			return char, len(prefix) + 2
		}
	}
	switch {
	case data[0] == '%':
		return data[:1], 1
	case len(data) > 1 && strings.IndexByte("nrt", data[1]) >= 0:
		return []byte("\n"), 2
	}
	return nil, 1
}

// PEMBegin begins a block of PEM.
const PEMBegin = "-----BEGIN "

// IsPEM reports whether text holds the beginning of a block.
func IsPEM(text []byte) bool { return bytes.Contains(text, []byte(PEMBegin)) }

var pemBoundary = regexp.MustCompile(`(-----(?:BEGIN|END) [^-\n]+-----)[ \t]*\n?`)

// PEM yields the blocks of text. It puts back the line ends that variables and forms have taken out.
func PEM(text []byte) iter.Seq[*pem.Block] {
	return func(yield func(*pem.Block) bool) {
		if !IsPEM(text) {
			return
		}
		lines := strings.NewReplacer("\r\n", "\n", "\r", "\n", `\r\n`, "\n", `\n`, "\n").Replace(string(text))
		rest := pemBoundary.ReplaceAll([]byte(lines), []byte("\n$1\n"))
		for block, rest := pem.Decode(rest); block != nil && yield(block); block, rest = pem.Decode(rest) {
		}
	}
}
