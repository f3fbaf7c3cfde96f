package console

import (
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
)

func FuzzWrap(f *testing.F) {
	f.Add("CN=Contoso Apps, O=Contoso Ltd", 12)
	f.Add("証明書証明書証明書証明書 a", 11)
	f.Fuzz(func(t *testing.T, text string, width int) {
		text = Clean(text)
		if width < 10 || width > 1000 {
			return
		}
		lines := Wrap(text, width)
		for _, line := range lines {
			if runewidth.StringWidth(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
		if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""), strings.Join(strings.Fields(text), ""); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}
