package redact

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// run is how many characters of a secret in a row are masked, wherever in it they stand.
	run = 16

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
//
// What is escaped is masked with the JSON string in which it stands or, outside of one, with the whole text.
type Mask []*secret

type secret struct {
	chars  []byte // folded
	blocks []bool // by hash, whether the secret may hold eight characters
}

func (s *secret) isShort() bool { return len(s.chars) < run }

// New returns a mask for the secrets.
func New(secrets ...string) Mask {
	var m Mask
	for _, text := range secrets {
		if len(text) < shortest {
			continue
		}
		s := &secret{chars: []byte(text), blocks: make([]bool, hashes)}
		var window uint64
		for i, c := range s.chars {
			s.chars[i] = folded[c]
			if window = slide(window, c); i+1 >= shortest {
				s.blocks[hash(window)] = true
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

var jsonString = regexp.MustCompile(`(?s)"(?:[^"\\]|\\.)*"`)

// Bytes replaces the secrets in text by ***. It returns text itself if it holds none.
func (m Mask) Bytes(text []byte) []byte {
	if masked := m.Text(string(text)); len(masked) != len(text) {
		return []byte(masked)
	}
	return text
}

// Text replaces the secrets in text by ***.
func (m Mask) Text(text string) string {
	if m.isEscapedIn(text) {
		text = jsonString.ReplaceAllStringFunc(text, func(quoted string) string {
			if m.isEscapedIn(quoted) {
				return `"***"`
			}
			return quoted
		})
		if m.isEscapedIn(text) {
			return "***"
		}
	}
	masked, _ := m.plain(text)
	return masked
}

// isEscapedIn reports whether a layer of text below its escapes shows other parts of the secrets than the text itself.
func (m Mask) isEscapedIn(text string) bool {
	if len(m) == 0 || !strings.ContainsAny(text, escapes) {
		return false
	}
	_, shown := m.plain(text)
	most := mostLayers
	if len(text) > large {
		most = mostLayersLarge
	}
	for range most {
		below := unescaped(text)
		if len(below) == len(text) {
			return false
		}
		if _, here := m.plain(below); here != shown {
			return true
		}
		text = below
	}
	return false
}

// plain replaces what shows without unescaping, and counts it.
func (m Mask) plain(text string) (masked string, shown int) {
	for _, s := range m {
		var n int
		text, n = s.mask(text)
		shown += n
	}
	return text, shown
}

// mask replaces what text shows of the secret, and counts it.
func (s *secret) mask(text string) (masked string, shown int) {
	var out strings.Builder
	var window uint64
	kept := 0 // text[:kept] has been dealt with
	for i := range len(text) {
		window = slide(window, text[i])
		at := i + 1 - shortest
		if at < kept || !s.blocks[hash(window)] {
			continue
		}
		if n := s.longest(text[at:], window); n >= min(len(s.chars), run) {
			out.WriteString(text[kept:at] + "***")
			kept, shown = at+n, shown+n
		}
	}
	rest := text[kept:]
	for n := min(len(s.chars), run, len(rest)+1) - 1; n >= shortest; n-- {
		if cut := len(rest) - n; common(rest[cut:], s.chars) == n {
			rest, shown = rest[:cut]+"***", shown+n
			break
		}
	}
	return out.String() + rest, shown
}

// longest returns how many characters at the beginning of text stand in a row in the secret. window has the first eight.
func (s *secret) longest(text string, window uint64) (longest int) {
	wanted := binary.LittleEndian.AppendUint64(nil, window)
	for in := 0; ; in++ {
		next := bytes.Index(s.chars[in:], wanted)
		if next < 0 {
			return longest
		}
		in += next
		longest = max(longest, common(text, s.chars[in:]))
	}
}

// common returns how many characters are the same at the beginning of a text and of a part of a secret.
func common(chars string, wanted []byte) int {
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

// slide adds a character to the last eight.
func slide(window uint64, c byte) uint64 { return window>>8 | uint64(folded[c])<<56 }

const hashes = 1 << 14 // a token has some 2,000 blocks

func hash(window uint64) uint64 {
	const golden, shift = 0x9E3779B97F4A7C15, 64 - 14
	return window * golden >> shift
}

const escapes = `%\&`

// unescaped returns text without one layer of escapes.
func unescaped(text string) string {
	out := make([]byte, 0, len(text))
	for text != "" {
		var width int
		out, width = appendUnescaped(out, text)
		text = text[width:]
	}
	return string(out)
}

// appendUnescaped appends the first character of text, or what the escape there stands for. It returns the width of that.
func appendUnescaped(out []byte, text string) ([]byte, int) {
	const longestEntity = len("&CounterClockwiseContourIntegral;")
	switch {
	case text[0] == '%':
		return appendHex(out, text, len("%"), len("%2B"))
	case text[0] == '\\' && len(text) > 1 && text[1]|0x20 == 'u':
		return appendHex(out, text, len(`\u`), len(`\u002B`))
	case text[0] == '\\' && len(text) > 1 && text[1]|0x20 == 'x':
		return appendHex(out, text, len(`\x`), len(`\x2B`))
	case text[0] == '\\' && len(text) > 1 && isPunctuation(text[1]):
		return append(out, text[1]), len(`\/`)
	case text[0] == '&':
		entity := text[:strings.IndexByte(text[:min(len(text), longestEntity)], ';')+1]
		if char := html.UnescapeString(entity); char != entity {
			return append(out, char...), len(entity)
		}
	}
	return append(out, text[0]), 1
}

func isPunctuation(c byte) bool {
	return c > ' ' && c < utf8.RuneSelf && unicode.In(rune(c), unicode.P, unicode.S)
}

// appendHex appends the character whose hexadecimal number stands in text[from:to].
func appendHex(out []byte, text string, from, to int) ([]byte, int) {
	var number [2]byte
	if len(text) < to {
		return append(out, text[0]), 1
	}
	switch n, err := hex.Decode(number[:], []byte(text[from:to])); {
	case err != nil:
		return append(out, text[0]), 1
	case n == 1:
		return append(out, number[0]), to
	}
	return utf8.AppendRune(out, rune(binary.BigEndian.Uint16(number[:]))), to
}
