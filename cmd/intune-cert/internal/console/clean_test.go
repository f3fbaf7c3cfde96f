package console

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
)

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"CN=Contoso Apps":         "CN=Contoso Apps",
		"two\nlines\tand a tab":   "two lines and a tab",
		"\x1b]0;owned\x07":        "\uFFFD]0;owned\uFFFD",
		"\u009b31m \x7f":          "\uFFFD31m \uFFFD",
		"\u202egnp.exe \u2066x":   "\uFFFDgnp.exe \uFFFDx",
		"soft\u00adhyphen\ufeff":  "soft\uFFFDhyphen\uFFFD",
		"\U000E0041 tag \u2028":   "\uFFFD tag \uFFFD",
		"bad \xff":                "bad \uFFFD",
		"می\u200cخواهم":           "می\u200cخواهم", // Persian, with a joiner in a word
		"क्\u200dष":               "क्\u200dष",
		"a\u200d \u200cb \u200d":  "a\uFFFD \uFFFDb \uFFFD",
		"証明書 é ﷺ \u3000 \u00a0 🔑": "証明書 é ﷺ \u3000 \u00a0 🔑",
	} {
		if got := Clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzCleanAndEscape(f *testing.F) {
	f.Add("a\u200db\u202e\x1b[31m\U000E0041\xff")
	f.Fuzz(func(t *testing.T, text string) {
		cleaned := Clean(text)
		for _, r := range cleaned {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q became %q", text, cleaned)
			}
		}
		if Clean(cleaned) != cleaned {
			t.Errorf("%q is cleaned again: %q", cleaned, Clean(cleaned))
		}
		document, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		escaped := escapeJSON(string(document))
		var before, after string
		if err := errors.Join(json.Unmarshal(document, &before), json.Unmarshal([]byte(escaped), &after)); err != nil || before != after {
			t.Errorf("%s became %s: %v", document, escaped, err)
		}
		if strings.ContainsFunc(escaped, unicode.IsControl) {
			t.Errorf("%q has a control character", escaped)
		}
	})
}

func TestCleanArg(t *testing.T) {
	type status string
	for _, arg := range []any{"\x1b", status("\x1b"), errors.New("\x1b"), []string{"\x1b"}, struct{ Name string }{"\x1b"}, []byte("\x1b")} {
		if got, isText := cleanArg(arg).(string); !isText || strings.Contains(got, "\x1b") {
			t.Errorf("%T: got %q", arg, got)
		}
	}
	if cleanArg(7) != 7 || cleanArg(Styled("\x1b[1m")) != "\x1b[1m" {
		t.Error("numbers and styled texts stay")
	}
}
