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

// isScript says whether text holds the marks of a signature.
func isScript(text []byte) bool {
	return bytes.Contains(text, []byte("Begin signature block")) || bytes.Contains(text, []byte("** SIG **"))
}

// readScript reads the signature of a script for PowerShell or Windows Script Host.
func readScript(text []byte) (*contents, error) {
	block, style := lastBlock(text)
	if block == "" {
		return nil, bad("is a script that is not signed", nil)
	}
	lines, _, isWhole := strings.Cut(block, style.end)
	if !isWhole {
		return nil, bad("is a script with a truncated signature", nil)
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
func lastBlock(text []byte) (block string, style commentStyle) {
	last := -1
	for _, candidate := range commentStyles() {
		if at := lastLineWith(text, candidate.begin); at > last {
			last, style = at, candidate
		}
	}
	if last < 0 {
		return "", style
	}
	_, block, _ = strings.Cut(string(text[last:]), "\n")
	return block, style
}

// lastLineWith returns where the last line begins that begins with a mark, -1 if none does.
func lastLineWith(text []byte, mark string) int {
	for {
		at := bytes.LastIndex(text, []byte(mark))
		if at <= 0 || strings.IndexByte("\n\r \t", text[at-1]) >= 0 {
			return at
		}
		text = text[:at]
	}
}
