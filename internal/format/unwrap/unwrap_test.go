package unwrap

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

const secret = "what is wrapped in other encodings"

func isSecret(data []byte) bool { return bytes.HasPrefix(data, []byte(secret)) }

// TestFind has few encodings: test/privatekeys and codesign have them all.
func TestFind(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	other := base64.StdEncoding.EncodeToString([]byte(secret + " twice"))
	for name, test := range map[string]struct {
		data string
		want []string
	}{
		"itself":                  {secret, []string{secret}},
		"with a byte-order mark":  {"\xef\xbb\xbf" + secret, []string{secret}},
		"base64":                  {encoded, []string{secret}},
		"base64, and words":       {"this is the one " + encoded + "\n", []string{secret}},
		"escaped, with >":         {url.PathEscape(secret + "\n>\n;#"), []string{secret + "\n>\n;#"}},
		"a quotation in JSON":     {`"> ` + encoded[:20] + `\n> ` + encoded[20:] + `"`, []string{secret}},
		"base64 of base64":        {base64.StdEncoding.EncodeToString([]byte(encoded)), []string{secret}},
		"two, of which one twice": {`["` + other + `","` + encoded + `","` + encoded + `"]`, []string{secret + " twice", secret}},
		"nothing":                 {"", nil},
		"something else":          {"c29tZXRoaW5nIHRoYXQgaXMgbm90IG1lYW50IGF0IGFsbA==", nil},
	} {
		found, isComplete := Find([]byte(test.data), isSecret)
		if got := string(bytes.Join(found, []byte("|"))); got != strings.Join(test.want, "|") || !isComplete {
			t.Errorf("%s: got %q, %v", name, got, isComplete)
		}
	}
}

// hostile data costs much if its layers are undone without a limit.
var hostile = map[string]func(size int) string{
	"base64 of what is base64": func(size int) string { return strings.Repeat("TUFBPQ", size/6) },
	"escapes of escapes":       func(size int) string { return "%" + strings.Repeat("25", size/2) + "41" },
	"backslashes":              func(size int) string { return strings.Repeat(`\`, size) },
	"words":                    func(size int) string { return strings.Repeat("Certificates and keys of code signing ", size/38) },
	"PEM":                      func(size int) string { return strings.Repeat("-----BEGIN X-----\nMAA=\n-----END X-----\n", size/40) },
	"boundaries":               func(size int) string { return strings.Repeat("-----BEGIN X-----", size/17) },
	"hexadecimal":              func(size int) string { return strings.Repeat("3330", size/4) },
	"decimal":                  func(size int) string { return strings.Repeat("4,", size/2) },
	"zeros":                    func(size int) string { return strings.Repeat("\x00", size) },
	"white space":              func(size int) string { return strings.Repeat(" \n", size/2) },
	"comments":                 func(size int) string { return strings.Repeat("> > # \n", size/7) },
}

// TestFindCostsLittle: what is allocated grows with the data, and not faster.
func TestFindCostsLittle(t *testing.T) {
	const size, most = 16 << 10, 400 // bytes for each byte of data
	for name, of := range hostile {
		small := allocated(func() { Find([]byte(of(size)), isSecret) })
		large := allocated(func() { Find([]byte(of(2*size)), isSecret) })
		if small > most*size || large > 5*small/2+size {
			t.Errorf("%s: %d KiB for %d KiB, and %d KiB for twice as many", name, small>>10, size>>10, large>>10)
		}
	}
}

func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestMistake(t *testing.T) {
	for data, want := range map[string]string{
		"":       "is empty",
		" \r\n ": "is empty",
		"version https://git-lfs.github.com/spec/v1\noid sha256:00\n":          "Git LFS pointer",
		"\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\r\n":           "Git LFS pointer",
		"<!DOCTYPE HTML><title>Sign in</title>":                                "web page",
		"\n<html lang=en>":                                                     "web page",
		"ssh-rsa AAAAB3NzaC1yc2E me@contoso":                                   "SSH key",
		"ssh-ed25519-cert-v01@openssh.com AAAA":                                "SSH key",
		"ecdsa-sha2-nistp256 AAAA":                                             "SSH key",
		"0\ufffd\x04d0\ufffd":                                                  "read as text",
		"0\u0082\x04d0\u0082":                                                  "read as text",
		"0?\x04d0?":                                                            "read as text",
		"\ufffd\ufffd\x11\ufffd":                                               "read as text",
		"\x00\x00\x00\x00CERT\x20\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00": ".sst",
		`{"error":{"code":"Forbidden"}}`:                                       "is JSON",
		"[]":                                                                   "is JSON",
		"0":                                                                    "is JSON",
		"0 dB":                                                                 "",
		"0\x82\x04d0\x82":                                                      "",
		"content":                                                              "",
		"ssh":                                                                  "",
	} {
		if got := Mistake([]byte(data)); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", data, got, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, of := range hostile {
		f.Add([]byte(of(500)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, _ := Find(data, func(layer []byte) bool { return len(layer) > 0 && layer[0] == 0x30 })
		for _, layer := range found {
			if len(layer) == 0 || layer[0] != 0x30 || len(layer) > len(data) {
				t.Errorf("found %q", layer)
			}
		}
		Mistake(data)
	})
}
