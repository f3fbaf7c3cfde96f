package unwrap

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Mistake says what people give instead of a certificate, in words that follow the name of the file. It is "" for anything
// else.
func Mistake(data []byte) string {
	text := Text(data)
	start := string(bytes.ToLower(text[:min(len(text), longestStart)]))
	for _, known := range mistakes {
		if strings.HasPrefix(start, known.start) {
			return known.problem
		}
	}
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return "is empty"
	case isBinaryAsText(text):
		return "is a binary file that was read as text, which has destroyed it: copy it as bytes, or keep it as base64"
	case bytes.HasPrefix(data, []byte("\x00\x00\x00\x00CERT")):
		return "is a serialized certificate store (.sst): export the certificate from it as .cer"
	case json.Valid(text):
		return "is JSON that contains no file, such as the response of an API"
	}
	return ""
}

const longestStart = 40

// mistakes begin with start, in lower case.
var mistakes = []struct{ start, problem string }{
	{"version https://git-lfs", "is a Git LFS pointer instead of the file: run git lfs pull, or set lfs: true for actions/checkout"},
	{"<!doctype html", "is a web page, such as a sign-in page instead of a download"},
	{"<html", "is a web page, such as a sign-in page instead of a download"},
	{"ssh-", "is an SSH key, not an X.509 certificate"},
	{"ecdsa-sha2-", "is an SSH key, not an X.509 certificate"},
	{"---- begin ssh2 public key", "is an SSH key, not an X.509 certificate"},
}

// isBinaryAsText reports whether bytes that are not UTF-8 have been replaced by characters. DER begins with 0x30, which is
// "0", and a byte that is none.
func isBinaryAsText(text []byte) bool {
	behind, isDER := bytes.CutPrefix(text, []byte("0"))
	_, size := utf8.DecodeRune(behind)
	return utf8.Valid(text) && (bytes.HasPrefix(text, []byte("\ufffd")) || isDER && (size > 1 || bytes.HasPrefix(behind, []byte("?"))))
}
