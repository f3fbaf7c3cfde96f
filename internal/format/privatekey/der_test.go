package privatekey

import "testing"

func TestNext(t *testing.T) {
	tests := map[string]struct {
		data       []byte
		body, rest string
		ok         bool
	}{
		"short":                  {[]byte("\x04\x02abcd"), "ab", "cd", true},
		"long":                   {[]byte("\x04\x81\x02abcd"), "ab", "cd", true},
		"indefinite":             {[]byte("\x30\x80abcd"), "abcd", "", true},
		"cut short":              {[]byte("\x04\x05abcd"), "abcd", "", true},
		"longer than any memory": {[]byte("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xffabcd"), "abcd", "", true},
		"empty":                  {[]byte("\x05\x00"), "", "", true},
		"no length":              {[]byte("\x04"), "", "", false},
		"half a length":          {[]byte("\x04\x84\x01"), "", "", false},
		"nothing":                {nil, "", "", false},
	}
	for name, test := range tests {
		value, rest, ok := next(test.data)
		if ok != test.ok || string(value.body) != test.body || string(rest) != test.rest || ok && value.tag != test.data[0] {
			t.Errorf("%s: got %v, %q, %v", name, value, rest, ok)
		}
	}
}
