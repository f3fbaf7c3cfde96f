package codesign

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// commentStyle is how a kind of script holds its signature: base64 in comments, between two marks, each on a line of its own.
type commentStyle struct {
	begin, end     string // the marks, without what closes the comment
	prefix, suffix string // of a line of base64
}

func commentStyles() []commentStyle {
	const begin, end = "Begin signature block", "End signature block"
	return []commentStyle{
		{"# SIG # " + begin, "# SIG # " + end, "#", ""},             // .ps1, .psm1, .psd1
		{"<!-- SIG # " + begin, "<!-- SIG # " + end, "<!--", "-->"}, // .ps1xml, .psc1, .cdxml
		{"/* SIG # " + begin, "/* SIG # " + end, "/*", "*/"},        // .mof
		{"'' SIG '' " + begin, "'' SIG '' " + end, "'' SIG ''", ""}, // .vbs
		{"// SIG // " + begin, "// SIG // " + end, "// SIG //", ""}, // .js
		{"<signature>", "</signature>", "** SIG **", ""},            // .wsf
	}
}

// textEncoding is UTF-8, or UTF-16 with a zero before or behind each ASCII character.
type textEncoding struct{ before, behind int }

func textEncodings() []textEncoding { return []textEncoding{{0, 0}, {0, 1}, {1, 0}} }

func (e textEncoding) size() int { return e.before + 1 + e.behind }

// encode encodes ASCII.
func (e textEncoding) encode(ascii string) (out []byte) {
	for _, c := range []byte(ascii) {
		out = append(out, make([]byte, e.before)...)
		out = append(out, c)
		out = append(out, make([]byte, e.behind)...)
	}
	return out
}

// decode keeps ASCII, and of other characters whatever it finds: a signature has none.
func (e textEncoding) decode(data []byte) string {
	out := make([]byte, 0, len(data)/e.size())
	for i := e.before; i < len(data); i += e.size() {
		out = append(out, data[i])
	}
	return string(out)
}

// isScript says whether data holds the marks of a signature, in UTF-8 or UTF-16.
func isScript(data []byte) bool {
	for _, encoding := range textEncodings() {
		for _, mark := range []string{"Begin signature block", "** SIG **"} {
			if bytes.Contains(data, encoding.encode(mark)) {
				return true
			}
		}
	}
	return false
}

// readScript reads the signature of a script for PowerShell or Windows Script Host.
func readScript(data []byte) (*contents, error) {
	block, style := lastBlock(data)
	if block == "" {
		return nil, bad("is a script that is not signed", nil)
	}
	lines, _, isWhole := strings.Cut(block, style.end)
	if !isWhole {
		return nil, bad("is a script that is cut short in its signature", nil)
	}
	var digits strings.Builder
	for line := range strings.Lines(lines) {
		line = strings.TrimPrefix(strings.TrimSpace(line), style.prefix)
		digits.WriteString(strings.TrimSpace(strings.TrimSuffix(line, style.suffix)))
	}
	signature, err := base64.StdEncoding.DecodeString(digits.String())
	if err != nil {
		return nil, bad("is a script with a damaged signature", err)
	}
	return readSignature(signature, FormatScript)
}

// lastBlock returns what follows the line with the first mark. A script may hold the signature of another as text; its own is
// the last.
func lastBlock(data []byte) (block string, style commentStyle) {
	last, encoding := -1, textEncoding{}
	for _, e := range textEncodings() {
		for _, candidate := range commentStyles() {
			if at := lastLineWith(data, e, candidate.begin); at > last {
				last, encoding, style = at, e, candidate
			}
		}
	}
	if last < 0 {
		return "", style
	}
	_, block, _ = strings.Cut(encoding.decode(data[last:]), "\n")
	return block, style
}

// lastLineWith returns where the last line begins that begins with a mark, -1 if none does.
func lastLineWith(data []byte, encoding textEncoding, mark string) int {
	encoded := encoding.encode(mark)
	for {
		at := bytes.LastIndex(data, encoded)
		if at < encoding.size() || isLineEnd(encoding.decode(data[at-encoding.size():at])) {
			return at
		}
		data = data[:at]
	}
}

// isLineEnd says whether a character may stand before the first of a line: a line end, a space, or what decode makes of a
// byte-order mark.
func isLineEnd(character string) bool {
	return strings.IndexByte("\n\r \t\xbf\xff", character[0]) >= 0
}
