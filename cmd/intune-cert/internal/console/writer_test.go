package console

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"go.yaml.in/yaml/v3"
)

const hostile = "CN=Contoso \x1b]0;owned\x07 \u202e\u009bApps\U000E0041 می\u200cخواهم"

func TestNothingThatIsWrittenControlsTheTerminal(t *testing.T) {
	document := map[string]any{"subject": hostile, "n": -1, "list": []string{hostile, "true", "x: y"}, "none": nil}
	for name, write := range map[string]func(*Writer) error{
		"Printf": func(w *Writer) error { w.Printf("%s %d %s\n", hostile, 7, w.Styled(Red, hostile)); return w.Err() },
		"Write":  func(w *Writer) error { _, err := w.Write([]byte(hostile + "\n")); return err },
		"JSON":   func(w *Writer) error { return w.JSON(document) },
		"YAML":   func(w *Writer) error { return w.YAML(document) },
		"CSV":    func(w *Writer) error { return w.CSV([][]string{{hostile}}) },
	} {
		w, written := writerTo(t)
		if err := write(w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text := written()
		if strings.ContainsAny(text, "\x1b\x07\u202e\u009b\U000E0041") || !strings.Contains(text, "می\u200cخواهم") {
			t.Errorf("%s: %q", name, text)
		}
		var got map[string]any
		switch name {
		case "JSON":
			if err := json.Unmarshal([]byte(text), &got); err != nil || got["subject"] != hostile {
				t.Errorf("%v: %v", err, got)
			}
		case "YAML":
			list := []any{hostile, "true", "x: y"}
			if err := yaml.Unmarshal([]byte(text), &got); err != nil || got["subject"] != hostile || got["n"] != -1 || got["list"].([]any)[1] != list[1] {
				t.Errorf("%v: %v\n%s", err, got, text)
			}
		}
	}
}

func TestCSVHasNoFormulas(t *testing.T) {
	w, written := writerTo(t)
	if err := w.CSV([][]string{{"=cmd|' /C calc'!A0", "-5", "@x", "a,\"b\""}}); err != nil {
		t.Fatal(err)
	}
	if got, want := written(), "'=cmd|' /C calc'!A0,-5,'@x,\"a,\"\"b\"\"\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

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
