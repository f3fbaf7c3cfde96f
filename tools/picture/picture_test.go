package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"runtime"
	"testing"
)

// TestPictureIsCurrent fails if the tool shows something else now: cd tools && go run ./picture
func TestPictureIsCurrent(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a pseudo-terminal")
	}
	t.Chdir("..") // where the program runs
	want, err := newPicture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(tree + "/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("docs/rotation.svg is out of date: run go run ./picture in tools. It would be\n%s", want)
	}
	if err := xml.Unmarshal(have, new(struct{})); err != nil {
		t.Error(err)
	}
}

func TestSpans(t *testing.T) {
	for line, want := range map[string]string{
		"plain <&>":                       "plain &lt;&amp;&gt;",
		"\x1b[32mUploaded\x1b[0m new.cer": `<tspan class="green">Uploaded</tspan> new.cer`,
		"\x1b[Kx":                         "x",
	} {
		if got := spans(line); got != want {
			t.Errorf("%q: got %s, want %s", line, got, want)
		}
	}
}
