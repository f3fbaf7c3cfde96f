// Package armour takes off what editors and shells put around text.
package armour

import "bytes"

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
