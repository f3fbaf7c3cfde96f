package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/internal/redact"
)

const secret = `q8~x+/=&<'"\ yZ`

func asJSON(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted[1 : len(quoted)-1])
}

// everyByte writes each byte of a text in hexadecimal behind a prefix.
func everyByte(text, prefix string) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for i := range len(text) {
		out.WriteString(prefix + string(digits[text[i]>>4]) + string(digits[text[i]&15]))
	}
	return out.String()
}

func TestSecretsHidesEveryEscapedForm(t *testing.T) {
	for name, echo := range map[string]string{
		"raw":              secret,
		"form":             url.QueryEscape(secret),
		"upper case":       strings.ToUpper(secret),
		"lower-case form":  strings.ToLower(url.QueryEscape(secret)),
		"path":             url.PathEscape(secret),
		"JSON":             asJSON(secret),
		"JSON with \\/":    strings.ReplaceAll(asJSON(secret), "/", `\/`),
		"JSON in JSON":     asJSON(asJSON(secret)),
		"form in JSON":     asJSON(url.QueryEscape(secret)),
		"form in a form":   url.QueryEscape(url.QueryEscape(secret)),
		"HTML":             html.EscapeString(secret),
		"HTML in JSON":     asJSON(html.EscapeString(secret)),
		"HTML, all named":  strings.NewReplacer("+", "&plus;", "/", "&sol;", "=", "&equals;", "&", "&amp;").Replace(secret),
		"every byte %":     everyByte(secret, "%"),
		"every byte \\u":   everyByte(secret, `\u00`),
		"every byte \\x":   everyByte(secret, `\x`),
		"every byte \\\\u": everyByte(secret, `\\u00`),
		"Markdown":         strings.NewReplacer("~", `\~`, "+", `\+`, "<", `\<`).Replace(secret),
	} {
		if got := redact.Secrets("client_secret="+echo, secret); got != "client_secret=***" && got != "***" {
			t.Errorf("%s: got %q", name, got)
		}
		body := `{"error":{"code":"BadRequest","message":"client_secret=` + asJSON(echo) + `"}}`
		if got := redact.Secrets(body, secret); !strings.HasPrefix(got, `{"error":{"code":"BadRequest","message":"`) || !json.Valid([]byte(got)) || strings.Contains(got, "q8") {
			t.Errorf("%s in the message of an error: got %q", name, got)
		}
	}
	if got := redact.Secrets("client_secret="+secret[:10], secret); got != "client_secret=***" {
		t.Errorf("truncated: got %q", got)
	}
	if got := redact.Secrets("a="+secret+"&b="+secret+"!", secret); got != "a=***&b=***!" {
		t.Errorf("twice: got %q", got)
	}
}

// TestSixteenCharactersOfASecretAreHidden wherever in it they stand, and however the text around them was altered.
func TestSixteenCharactersOfASecretAreHidden(t *testing.T) {
	long := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a~z+/?", 9) + "the end of a secret that is long"))
	urlSafe := strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(long)
	for name, echo := range map[string]string{
		"without its first character": long[1:],
		"without its last character":  long[:len(long)-1],
		"in another case":             strings.ToUpper(long[:40]) + strings.ToLower(long[40:]),
		"base64url":                   urlSafe,
		"from its middle":             long[20:36],
		"twice in a row":              long + long,
	} {
		for _, around := range []string{"", "x", "a longer text "} {
			got := redact.Secrets(around+echo+around, long)
			if !strings.HasPrefix(got, around) || !strings.HasSuffix(got, around) || strings.Trim(got[len(around):len(got)-len(around)], "*") != "" {
				t.Errorf("%s within %q: got %q", name, around, got)
			}
		}
	}
	if got := redact.Secrets("x"+everyByte(long[21:37], `\u00`)+"x", long); got != "***" {
		t.Errorf("from its middle, escaped: got %q", got)
	}
	const mixed = "abcdefghijklmnopqrst-uvwxyz1-234567890-qponmlkjihgfedcba"
	if got := redact.Secrets("x"+strings.ReplaceAll(mixed, "-", "%252D")+"x", mixed); got != "***" {
		t.Errorf("pieces between escapes: got %q", got)
	}
	lines := redact.Secrets(long[:64]+"\r\n"+long[64:], long)
	if lines != "***\r\n***" {
		t.Errorf("on two lines: got %q", lines)
	}
	if got := redact.Secrets("a"+long[20:35]+"b", long); got != "a"+long[20:35]+"b" {
		t.Errorf("fifteen characters: got %q", got)
	}
}

func TestSecretsLeavesOtherTextAlone(t *testing.T) {
	const text = "the token is not valid: 100% of \\u00zz &nosuch; &#x; & %"
	if got := redact.Secrets(text, secret, "", "t", "token", "is not valid?"); got != text {
		t.Errorf("got %q", got)
	}
}

func TestLine(t *testing.T) {
	if got := redact.Line(" a\r\n\tb\x00c \xff "); got != "a b c \uFFFD" {
		t.Errorf("got %q", got)
	}
	if got := redact.Line(strings.Repeat("ä", 1000)); len(got) > 510 || !strings.HasSuffix(got, "ä…") {
		t.Errorf("got %q", got)
	}
	if got := redact.Message(strings.Repeat("ä", 10_000)); len(got) > 4100 {
		t.Errorf("a message of %d bytes", len(got))
	}
}

// TestTextIsSafeForATerminal: no control character of C0 or C1, and none that changes the direction of text, is left.
// Joiners, which languages need, are.
func TestTextIsSafeForATerminal(t *testing.T) {
	const text = "a\x1b[31m\u009b32m\u202egpj.\u2066exe\u200f\u061c\u2028 \u0645\u06cc\u200c\u062e \U0001F468\u200d\U0001F469"
	const want = "a [31m 32mgpj.exe \u0645\u06cc\u200c\u062e \U0001F468\u200d\U0001F469"
	if got := redact.Line(text); got != want {
		t.Errorf("got %+q", got)
	}
	if got := redact.Text("a\x00\r\n\tb\u202e"); got != "a \r\n\tb" {
		t.Errorf("got %+q", got)
	}
}

func FuzzSecrets(f *testing.F) {
	f.Add("client_secret=q8%7Ex&b=1", "q8~xyzw1")
	f.Add(`\\\u0026&amp;%25%32`, "&&&&%2%2&&&&%2%2")
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := redact.Secrets(text, secret)
		if len(secret) >= 8 && !strings.Contains(secret, "*") && strings.Contains(got, secret) {
			t.Errorf("%q shows %q", got, secret)
		}
		if again := redact.Secrets(url.QueryEscape(secret), secret); len(secret) >= 8 && secret == url.PathEscape(secret) && again != "***" {
			t.Errorf("%q was masked as %q", secret, again)
		}
		redact.Line(text)
	})
}
