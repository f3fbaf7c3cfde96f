package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/internal/jsonscan"
)

// FuzzReader compares the reader with encoding/json: both accept the same JSON and read the same strings.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e+3,true,false,null,"\u00e9\n"],"b":{}}`, `[]`, `[1,]`, `{"a":1,}`, `01`, `1.`, `-`, `1e`, `"\ud800"`, `"\x"`, "\"\x01\"", `nul`, ` {} x`,
		"\"\xff\"", `"`, `{"a"}`, strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := jsonscan.New(data)
		value, err := r.Value()
		if err == nil {
			err = r.End()
		}
		if valid := json.Valid(data); valid != (err == nil) {
			t.Fatalf("%q: encoding/json says %v, the reader %v", data, valid, err)
		}
		var text string
		if err != nil || json.Unmarshal(data, &text) != nil || bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
			return
		}
		var read string
		if err := jsonscan.DecodeString(value, &read); err != nil || read != text {
			t.Errorf("%q was read as %q, %v", data, read, err)
		}
	})
}
