package ber

import (
	"bytes"
	"encoding/asn1"
	"slices"
	"testing"
)

func TestNext(t *testing.T) {
	for name, test := range map[string]struct {
		data, body, rest string
		ok               bool
	}{
		"short":                      {"\x04\x02abcd", "ab", "cd", true},
		"long":                       {"\x04\x81\x02abcd", "ab", "cd", true},
		"long, with leading zeros":   {"\x04\x84\x00\x00\x00\x02abcd", "ab", "cd", true},
		"indefinite":                 {"\x30\x80\x04\x01a\x00\x00cd", "\x04\x01a", "cd", true},
		"indefinite in indefinite":   {"\x30\x80\x30\x80\x04\x01a\x00\x00\x00\x00cd", "\x30\x80\x04\x01a\x00\x00", "cd", true},
		"definite with zeros inside": {"\x30\x80\x04\x02\x00\x00\x00\x00cd", "\x04\x02\x00\x00", "cd", true},
		"tag of two octets":          {"\x9f\x81\x01\x01ab", "a", "b", true},
		"empty":                      {"\x05\x00", "", "", true},
		"indefinite without end":     {"\x30\x80\x04\x01a", "", "", false},
		"primitive and indefinite":   {"\x04\x80a\x00\x00", "", "", false},
		"truncated":                  {"\x04\x05abcd", "", "", false},
		"longer than any memory":     {"\x04\x88\xff\xff\xff\xff\xff\xff\xff\xffabcd", "", "", false},
		"no length":                  {"\x04", "", "", false},
		"half a length":              {"\x04\x84\x01", "", "", false},
		"half a tag":                 {"\x1f\x81", "", "", false},
		"nothing":                    {"", "", "", false},
	} {
		value, rest, err := Next([]byte(test.data))
		if (err == nil) != test.ok || string(value.Body) != test.body || string(rest) != test.rest {
			t.Errorf("%s: got %v, %q, %v", name, value, rest, err)
		}
		if err == nil && string(value.Raw)+string(rest) != test.data {
			t.Errorf("%s: Raw is % x", name, value.Raw)
		}
	}
}

func TestBeginningSeesWhatIsCutShort(t *testing.T) {
	for data, want := range map[string]string{
		"\x30\x02abc": "ab", "\x30\x05abc": "abc", "\x30\x80abc": "abc", "\x30\x88\xff\xff\xff\xff\xff\xff\xff\xffabc": "abc", "\x05\x00": "",
	} {
		value, rest, err := Beginning([]byte(data))
		if err != nil || string(value.Body) != want || string(value.Raw)+string(rest) != data {
			t.Errorf("% x: got %v, %q, %v", data, value, rest, err)
		}
	}
	for _, data := range []string{"", "\x30", "\x30\x84\x01"} {
		if got, _, err := Beginning([]byte(data)); err == nil {
			t.Errorf("% x: got %v", data, got)
		}
	}
}

func TestOctetsPutsSplitStringsTogether(t *testing.T) {
	for data, want := range map[string]string{
		"\x04\x02ab":                 "ab",
		"\x24\x06\x04\x01a\x04\x01b": "ab",
		"\x24\x80\x04\x01a\x24\x80\x04\x01b\x00\x00\x00\x00": "ab",
		"\xa0\x80\x04\x01a\x04\x01b\x00\x00":                 "ab",
		"\x24\x80\x00\x00":                                   "",
	} {
		value, _, err := Next([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := value.Octets(); err != nil || string(got) != want {
			t.Errorf("% x: got %q, %v", data, got, err)
		}
	}
	const levels = 1 << 20
	deep := slices.Concat(bytes.Repeat([]byte{0x24, 0x80}, levels), []byte("\x04\x01a"), make([]byte, 2*levels))
	if got, err := (Value{Tag: 0x24, Body: deep}).Octets(); err != nil || string(got) != "a" {
		t.Errorf("in %d levels: got %q, %v", levels, got, err)
	}
	if _, err := (Value{Tag: 0x24, Body: []byte{Integer, 1, 1}}).Octets(); err == nil {
		t.Error("a number is taken for a part of a string")
	}
}

func TestChildren(t *testing.T) {
	value, _, err := Next([]byte("\x30\x80\x02\x01\x07\x05\x00\x00\x00"))
	if err != nil {
		t.Fatal(err)
	}
	children, err := value.Children(2, 2)
	if err != nil || len(children) != 2 || !children[0].Is(Integer) || !children[1].Is(asn1.TagNull) {
		t.Errorf("got %v, %v", children, err)
	}
	for _, limits := range [][2]int{{0, 1}, {3, 4}} {
		if _, err := value.Children(limits[0], limits[1]); err == nil {
			t.Errorf("the limits %v are ignored", limits)
		}
	}
	if _, err := children[0].Children(0, 1); err == nil {
		t.Error("a number has children")
	}
	if first, second := value.Child(0), value.Child(1); !bytes.Equal(first.Raw, children[0].Raw) || !bytes.Equal(second.Raw, children[1].Raw) {
		t.Errorf("got %v, %v", first, second)
	}
	for _, none := range []Value{value.Child(2), value.Child(0).Child(0), Value{}.Child(0)} {
		if none.Raw != nil {
			t.Errorf("got %v", none)
		}
	}
}

// TestDeepNesting: the end of values of indefinite length is found in one pass, without recursion.
func TestDeepNesting(t *testing.T) {
	const levels = 1 << 20
	open, ends := bytes.Repeat([]byte{Sequence, 0x80}, levels), make([]byte, 2*levels)
	if value, rest, err := Next(slices.Concat(open, ends, []byte("x"))); err != nil || len(value.Raw) != 4*levels || string(rest) != "x" {
		t.Errorf("got %d bytes, %v", len(value.Raw), err)
	}
	if _, _, err := Next(open); err == nil {
		t.Error("values without an end are read")
	}
}

// FuzzNext compares with encoding/asn1 where that reads something.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{"\x30\x80\x04\x01a\x00\x00", "\x24\x80\x04\x01a\x00\x00", "\x04\x82\x00\x01a", "\x9f\x81\x01\x01a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, rest, err := Next(data)
		var want asn1.RawValue
		if wantRest, wantErr := asn1.Unmarshal(data, &want); wantErr == nil {
			if err != nil || !bytes.Equal(value.Raw, want.FullBytes) || !bytes.Equal(value.Body, want.Bytes) || !bytes.Equal(rest, wantRest) {
				t.Errorf("got %v, %v, want %v", value, err, want)
			}
		}
		if err == nil {
			_, _ = value.Octets()
			_, _ = value.Children(0, 100)
		}
	})
}
