// Package pemtext undoes what editors, shells and forms do to text.
package pemtext

import (
	"bytes"
	"regexp"
	"strings"
)

// Plain returns text without a byte-order mark, UTF-16, as PowerShell's redirection writes it, and white space in front.
func Plain(data []byte) []byte {
	text := data
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		text = bytes.ReplaceAll(data[2:], []byte{0}, nil)
	case bytes.Contains(data, []byte("-\x00-")):
		text = bytes.ReplaceAll(data, []byte{0}, nil)
	}
	return bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), " \t\r\n")
}

// PEM is Plain, with the line ends of PEM put back where variables and forms have taken them out.
func PEM(data []byte) []byte {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n", `\r\n`, "\n", `\n`, "\n").Replace(string(Plain(data)))
	return boundary.ReplaceAll([]byte(text), []byte("\n$1\n"))
}

var boundary = regexp.MustCompile(`(-----(?:BEGIN|END) [^-\n]+-----)[ \t]*\n?`)
