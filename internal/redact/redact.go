// Package redact makes text from outside safe for errors and logs: on one line, and without secrets.
package redact

import (
	"strconv"
	"strings"
	"unicode"
)

// Line puts text on one line without control characters, and cuts it after 500 bytes.
func Line(text string) string {
	const limit = 500
	fields := strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	})
	line := strings.Join(fields, " ")
	if len(line) <= limit {
		return line
	}
	return strings.ToValidUTF8(line[:limit], "") + "…"
}

// shortest is the length of the shortest secret that is masked. Shorter ones occur in ordinary words.
const shortest = 8

// Secrets replaces each secret in text by ***, also if it is escaped as forms, JSON and HTML escape it, and if the text
// ends within it. Secrets of fewer than eight characters stay, because masking them would make words unreadable.
func Secrets(text string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= shortest {
			text = replaceEscaped(strings.ReplaceAll(text, secret, "***"), secret)
		}
	}
	return text
}

func replaceEscaped(text, secret string) string {
	var out strings.Builder
	kept := 0 // text[:kept] has been written
	for at := 0; at < len(text); {
		end := match(text, at, secret)
		if end == 0 {
			at++
			continue
		}
		out.WriteString(text[kept:at])
		out.WriteString("***")
		kept, at = end, end
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// match returns the end of the secret that begins at text[at], 0 if it does not begin there.
func match(text string, at int, secret string) int {
	for i := range len(secret) {
		if at >= len(text) {
			if i < shortest {
				return 0
			}
			return at // the text was cut off within the secret
		}
		width := width(text[at:], secret[i])
		if width == 0 {
			return 0
		}
		at += width
	}
	return at
}

// width returns how many bytes at the beginning of text stand for c, 0 if they stand for something else.
func width(text string, c byte) int {
	const percent, unicodeEscape = len("%2B"), len(`\u002b`)
	switch {
	case text[0] == '%' && len(text) >= percent && isHex(text[1:percent], c):
		return percent
	case text[0] == '\\' && len(text) >= unicodeEscape && text[1] == 'u' && isHex(text[2:unicodeEscape], c):
		return unicodeEscape
	case text[0] == '\\' && len(text) > 1 && text[1] == c:
		return len(`\/`)
	case text[0] == '&' && entityWidth(text, c) > 0:
		return entityWidth(text, c)
	case text[0] == c, text[0] == '+' && c == ' ':
		return 1
	}
	return 0
}

func isHex(digits string, c byte) bool {
	value, err := strconv.ParseUint(digits, 16, 16)
	return err == nil && value == uint64(c)
}

// entityWidth returns the length of the HTML entity for c that text begins with, 0 if there is none.
func entityWidth(text string, c byte) int {
	const longest = len("&quot;")
	end := strings.IndexByte(text[:min(len(text), longest)], ';')
	if end < 0 {
		return 0
	}
	name := text[1:end]
	if digits, isNumber := strings.CutPrefix(name, "#"); isNumber {
		value, err := strconv.ParseUint(digits, 10, 16)
		if hex, isHexadecimal := strings.CutPrefix(strings.ToLower(digits), "x"); isHexadecimal {
			value, err = strconv.ParseUint(hex, 16, 16)
		}
		if err != nil || value != uint64(c) {
			return 0
		}
		return end + 1
	}
	if entities[name] != c {
		return 0
	}
	return end + 1
}

var entities = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}
