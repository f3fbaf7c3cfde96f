package redact_test

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/internal/redact"
)

const secret = `q8~x+/=&<'"\ yZ`

func TestSecretsHidesEveryEscapedForm(t *testing.T) {
	asJSON, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	everyByte := func(format func(byte) string) string {
		var out strings.Builder
		for i := range len(secret) {
			out.WriteString(format(secret[i]))
		}
		return out.String()
	}
	const digits = "0123456789abcdef"
	for name, echo := range map[string]string{
		"raw":             secret,
		"form":            url.QueryEscape(secret),
		"lower-case form": strings.ToLower(url.QueryEscape(strings.ToLower(secret))),
		"path":            url.PathEscape(secret),
		"JSON":            strings.Trim(string(asJSON), `"`),
		"JSON with \\/":   strings.ReplaceAll(strings.Trim(string(asJSON), `"`), "/", `\/`),
		"HTML":            html.EscapeString(secret),
		"every byte %":    everyByte(func(c byte) string { return "%" + string(digits[c>>4]) + string(digits[c&15]) }),
		"every byte \\u":  everyByte(func(c byte) string { return `\u00` + string(digits[c>>4]) + string(digits[c&15]) }),
		"cut short":       secret[:10],
	} {
		masked := secret
		if name == "lower-case form" {
			masked = strings.ToLower(secret)
		}
		if got := redact.Secrets("client_secret="+echo, masked); got != "client_secret=***" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := redact.Secrets("a="+secret+"&b="+secret+"!", secret); got != "a=***&b=***!" {
		t.Errorf("twice: got %q", got)
	}
}

func TestSecretsLeavesOtherTextAlone(t *testing.T) {
	const text = "the token is not valid: 100% of \\u00zz &nosuch; &#x; &"
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
}

func FuzzSecrets(f *testing.F) {
	f.Add("client_secret=q8%7Ex&b=1", "q8~xyzw1")
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := redact.Secrets(text, secret)
		if len(secret) >= 8 && !strings.Contains("***", secret) && strings.Count(secret, "*") == 0 && strings.Contains(got, secret) {
			t.Errorf("%q shows %q", got, secret)
		}
		redact.Line(text)
	})
}
