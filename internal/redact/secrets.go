package redact

import (
	"bytes"
	"encoding/binary"
	"html"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

const (
	// run is how many characters of a secret in a row are masked, wherever in it they stand.
	run = 16

	// block is half of a run, so that every run holds one whole block of the text.
	block = run / 2

	// shortest is the length of the shortest secret that is masked. Shorter ones occur in ordinary words.
	shortest = 8

	// mostLayers is how often text is unescaped: Intune puts JSON into JSON, and an error is read eight layers deep. A text
	// larger than an error is the body of a success, which is read once.
	mostLayers      = 9
	mostLayersLarge = 2
	large           = 1 << 20
)

// Secrets replaces the secrets in text by ***, as a Mask does.
func Secrets(text string, secrets ...string) string { return New(secrets...).Text(text) }

// Mask masks secrets: any 16 characters of one in a row, in upper or lower case, in either alphabet of base64, and however
// they are escaped in forms, JSON and HTML. A secret of fewer than 16 characters is masked as a whole, one of fewer than 8
// is not, because that would make words unreadable. At the end of a text, where it may have been cut, 8 characters suffice.
type Mask []*secret

type secret struct {
	chars  []byte // folded
	blocks []bool // by hash, whether the secret may hold a block
}

func (s *secret) isShort() bool { return s.blocks == nil }

// New returns a mask for the secrets.
func New(secrets ...string) Mask {
	var m Mask
	for _, text := range secrets {
		if len(text) < shortest {
			continue
		}
		s := &secret{chars: []byte(text)}
		for i, c := range s.chars {
			s.chars[i] = folded[c]
		}
		if len(text) >= run {
			s.blocks = make([]bool, hashes)
			for at := range len(text) - block + 1 {
				s.blocks[hash(s.chars[at:])] = true
			}
		}
		m = append(m, s)
	}
	return m
}

// Long returns the mask without the secrets of fewer than 16 characters: the token of a test may be a word of a good
// response.
func (m Mask) Long() Mask {
	if !slices.ContainsFunc(m, (*secret).isShort) {
		return m
	}
	return slices.DeleteFunc(slices.Clone(m), (*secret).isShort)
}

// Text replaces the secrets in text by ***.
func (m Mask) Text(text string) string {
	found := m.find([]byte(text))
	if len(found) == 0 {
		return text
	}
	return string(replace([]byte(text), found))
}

// Bytes replaces the secrets in text by ***. It returns text itself if it holds none.
func (m Mask) Bytes(text []byte) []byte {
	found := m.find(text)
	if len(found) == 0 {
		return text
	}
	return replace(text, found)
}

// find returns the parts of text that show a secret.
func (m Mask) find(text []byte) []span {
	found := m.findPlain(text)
	if len(m) > 0 && bytes.ContainsAny(text, escapes) {
		found = append(found, m.findEscaped(bytes.Clone(text))...)
	}
	return found
}

func (m Mask) findPlain(text []byte) (found []span) {
	for _, s := range m {
		found = s.find(found, text)
	}
	return found
}

// findEscaped looks below each layer of escapes.
func (m Mask) findEscaped(text []byte) (found []span) {
	layers, most := [][]byte{text}, mostLayers
	if len(text) > large {
		most = mostLayersLarge
	}
	for range most {
		last := layers[len(layers)-1]
		below := unescaped(last)
		if len(below) == len(last) {
			break
		}
		here := m.findPlain(below)
		for _, above := range slices.Backward(layers) {
			here = escaped(above, here)
		}
		found, layers = append(found, here...), append(layers, below)
	}
	return found
}

// span is a part of a text.
type span struct{ from, to int }

func byPosition(a, b span) int { return a.from - b.from }

// replace replaces each span with ***, or of several that touch.
func replace(text []byte, spans []span) []byte {
	slices.SortFunc(spans, byPosition)
	var out []byte
	kept := 0 // text[:kept] has been dealt with
	for _, hidden := range spans {
		if kept == 0 || hidden.from > kept {
			out = append(append(out, text[kept:hidden.from]...), "***"...)
		}
		kept = max(kept, hidden.to)
	}
	return append(out, text[kept:]...)
}

// find appends the parts of chars that are of the secret.
func (s *secret) find(found []span, chars []byte) []span {
	if s.isShort() {
		for at := range chars {
			if common(chars[at:], s.chars) == len(s.chars) {
				found = append(found, span{at, at + len(s.chars)})
			}
		}
	} else {
		for at := 0; at+block <= len(chars); {
			from, to := s.around(chars, at)
			if to-from < run {
				at += block
				continue
			}
			found = append(found, span{from, to})
			at = to
		}
	}
	for n := min(len(s.chars), run, len(chars)+1) - 1; n >= shortest; n-- {
		if cut := len(chars) - n; common(chars[cut:], s.chars) == n {
			return append(found, span{cut, len(chars)})
		}
	}
	return found
}

// around returns a run of the secret that holds the block at chars[at], or what comes closest to one.
func (s *secret) around(chars []byte, at int) (from, to int) {
	var wanted [block]byte
	for i, c := range chars[at : at+block] {
		wanted[i] = folded[c]
	}
	if !s.blocks[hash(wanted[:])] {
		return at, at
	}
	for in := 0; to-from < run; in++ {
		next := bytes.Index(s.chars[in:], wanted[:])
		if next < 0 {
			break
		}
		in += next
		from, to = at, at+common(chars[at:], s.chars[in:])
		for back := in; from > 0 && back > 0 && folded[chars[from-1]] == s.chars[back-1]; back-- {
			from--
		}
	}
	return from, to
}

// common returns how many characters are the same at the beginning of a text and of a part of a secret.
func common(chars, wanted []byte) int {
	n := 0
	for n < len(chars) && n < len(wanted) && folded[chars[n]] == wanted[n] {
		n++
	}
	return n
}

// folded makes characters equal that stand for each other: letters of both cases, those in which the alphabets of base64
// differ, and the plus sign and the space of a form.
var folded = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(unicode.ToLower(rune(i)))
	}
	table['+'], table[' '], table['/'] = '-', '-', '_'
	return table
}()

const hashes = 1 << 14 // a token has some 2,000 blocks

func hash(chars []byte) uint64 {
	const golden, shift = 0x9E3779B97F4A7C15, 64 - 14
	return binary.LittleEndian.Uint64(chars) * golden >> shift
}

const escapes = `%\&`

// unescaped returns chars without one layer of escapes.
func unescaped(chars []byte) []byte {
	out := make([]byte, 0, len(chars))
	for at := 0; at < len(chars); {
		var width int
		out, width = appendUnescaped(out, chars[at:])
		at += width
	}
	return out
}

// escaped returns where the spans of the unescaped chars stand in chars.
func escaped(chars []byte, spans []span) []span {
	slices.SortFunc(spans, byPosition)
	var scratch []byte
	at, below := 0, 0 // the same place before and after
	for i, wanted := range spans {
		var width int
		for {
			scratch, width = appendUnescaped(scratch[:0], chars[at:])
			if below+len(scratch) > wanted.from {
				break
			}
			at, below = at+width, below+len(scratch)
		}
		spans[i].from = at
		end := at
		for reached := below; reached < wanted.to; reached += len(scratch) {
			scratch, width = appendUnescaped(scratch[:0], chars[end:])
			end += width
		}
		spans[i].to = end
	}
	return spans
}

// appendUnescaped appends the first character of chars, or what the escape there stands for. It returns the width of that.
func appendUnescaped(out, chars []byte) ([]byte, int) {
	const longestEntity = len("&CounterClockwiseContourIntegral;")
	switch {
	case chars[0] == '%':
		return appendHex(out, chars, len("%"), len("%2B"))
	case chars[0] == '\\' && len(chars) > 1 && chars[1]|0x20 == 'u':
		return appendHex(out, chars, len(`\u`), len(`\u002B`))
	case chars[0] == '\\' && len(chars) > 1 && chars[1]|0x20 == 'x':
		return appendHex(out, chars, len(`\x`), len(`\x2B`))
	case chars[0] == '\\' && len(chars) > 1 && isPunctuation(chars[1]):
		return append(out, chars[1]), len(`\/`)
	case chars[0] == '&':
		end := bytes.IndexByte(chars[:min(len(chars), longestEntity)], ';') + 1
		if entity := string(chars[:end]); html.UnescapeString(entity) != entity {
			return append(out, html.UnescapeString(entity)...), end
		}
	}
	return append(out, chars[0]), 1
}

func isPunctuation(c byte) bool {
	return c > ' ' && c < utf8.RuneSelf && unicode.In(rune(c), unicode.P, unicode.S)
}

// appendHex appends the character whose hexadecimal number stands in chars[from:to].
func appendHex(out, chars []byte, from, to int) ([]byte, int) {
	var number uint64
	err := strconv.ErrSyntax
	if len(chars) >= to {
		number, err = strconv.ParseUint(string(chars[from:to]), 16, 16)
	}
	switch {
	case err != nil:
		return append(out, chars[0]), 1
	case to-from == len("2B"):
		return append(out, byte(number)), to //nolint:gosec // two digits
	}
	return utf8.AppendRune(out, rune(number)), to
}
