// Package jsonscan reads and writes JSON in one pass, without reflection. Listings of a tenant spend most of their time
// here: encoding/json scans everything twice and ignores the case of names.
package jsonscan

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Reader scans JSON (RFC 8259) once from front to back, and is as strict as encoding/json. It must not be used after an
// error.
type Reader struct {
	data  []byte
	at    int
	depth int
	plain bool // the last string is ASCII without escapes
}

var errNotJSON = errors.New("not valid JSON")

// New returns a reader of data.
func New(data []byte) *Reader { return &Reader{data: data} }

// Next skips white space and returns the next byte without consuming it, 0 at the end.
func (r *Reader) Next() byte {
	for ; r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take consumes one byte, which must be c.
func (r *Reader) take(c byte) error {
	if r.Next() != c {
		return errNotJSON
	}
	r.at++
	return nil
}

// End returns an error unless only white space is left.
func (r *Reader) End() error {
	if r.Next(); r.at < len(r.data) {
		return errNotJSON
	}
	return nil
}

// Object reads an object. It calls member with the name of each member; member reads its value.
func (r *Reader) Object(member func(name []byte) error) error {
	return r.composite('{', '}', func() error {
		if r.Next() != '"' {
			return errNotJSON
		}
		name, err := r.Value()
		if err != nil {
			return err
		}
		if err := r.take(':'); err != nil {
			return err
		}
		if name = name[1 : len(name)-1]; !r.plain {
			name = unquoted(name)
		}
		if err := member(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

// Array reads an array. It calls element for each element; element reads it.
func (r *Reader) Array(element func() error) error { return r.composite('[', ']', element) }

// maxDepth is that of encoding/json.
const maxDepth = 10_000

// composite reads comma-separated items between two brackets.
func (r *Reader) composite(opening, closing byte, item func() error) error {
	if err := r.take(opening); err != nil {
		return err
	}
	if r.depth++; r.depth > maxDepth {
		return errors.New("JSON is nested too deeply")
	}
	if r.Next() != closing {
		for {
			if err := item(); err != nil {
				return err
			}
			if r.Next() != ',' {
				break
			}
			r.at++
		}
	}
	r.depth--
	return r.take(closing)
}

// Value reads any value and returns its bytes unchanged.
func (r *Reader) Value() ([]byte, error) {
	first := r.Next()
	begin := r.at
	var err error
	switch first {
	case '"':
		err = r.text()
	case '{':
		err = r.Object(func([]byte) error { return r.Skip() })
	case '[':
		err = r.Array(r.Skip)
	case 't':
		err = r.literal("true")
	case 'f':
		err = r.literal("false")
	case 'n':
		err = r.literal("null")
	default:
		err = r.number()
	}
	return r.data[begin:r.at], err
}

// Skip skips any value.
func (r *Reader) Skip() error {
	_, err := r.Value()
	return err
}

func (r *Reader) literal(text string) error {
	if !bytes.HasPrefix(r.data[r.at:], []byte(text)) {
		return errNotJSON
	}
	r.at += len(text)
	return nil
}

// text skips a string.
func (r *Reader) text() error {
	r.plain = true
	for i := r.at + 1; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			r.at = i + 1
			return nil
		case c < ' ':
			return errNotJSON
		case c >= utf8.RuneSelf:
			r.plain = false
		case c == '\\':
			r.plain = false
			length := escapeLength(r.data[i:])
			if length == 0 {
				return errNotJSON
			}
			i += length - 1
		}
	}
	return errNotJSON
}

// escapeLength returns the length of the escape that data begins with, 0 if JSON has no such escape.
func escapeLength(data []byte) int {
	const short, long = 2, 6
	if len(data) < short {
		return 0
	}
	switch data[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return short
	case 'u':
		if len(data) >= long && isHex(data[short]) && isHex(data[short+1]) && isHex(data[short+2]) && isHex(data[short+3]) {
			return long
		}
	}
	return 0
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number skips a number: a minus, digits without a leading zero, a fraction, an exponent.
func (r *Reader) number() error {
	r.skip('-')
	if !r.skip('0') && !r.digits() {
		return errNotJSON
	}
	if r.skip('.') && !r.digits() {
		return errNotJSON
	}
	if r.skip('e') || r.skip('E') {
		if !r.skip('+') {
			r.skip('-')
		}
		if !r.digits() {
			return errNotJSON
		}
	}
	return nil
}

// skip consumes c if it is next.
func (r *Reader) skip(c byte) bool {
	if r.at < len(r.data) && r.data[r.at] == c {
		r.at++
		return true
	}
	return false
}

// digits consumes digits and reports whether there were any.
func (r *Reader) digits() bool {
	begin := r.at
	for r.at < len(r.data) && isDigit(r.data[r.at]) {
		r.at++
	}
	return r.at > begin
}

// unquoted returns the text of a JSON string, given without its quotation marks.
func unquoted(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return text
	}
	var decoded string
	_ = json.Unmarshal(slices.Concat([]byte{'"'}, text, []byte{'"'}), &decoded) // a reader has checked it
	return []byte(decoded)
}

// DecodeString decodes a value that a Reader returned: a string, or null, which changes nothing.
func DecodeString[T ~string](value []byte, into *T) error {
	if value[0] != '"' {
		return json.Unmarshal(value, into)
	}
	*into = T(unquoted(value[1 : len(value)-1]))
	return nil
}

// DecodeBytes decodes a value that a Reader returned: a base64 string, or null.
func DecodeBytes(value []byte, into *[]byte) (err error) {
	if value[0] != '"' {
		return json.Unmarshal(value, into)
	}
	*into, err = base64.StdEncoding.AppendDecode(nil, unquoted(value[1:len(value)-1]))
	return err
}

// AppendString appends a member with a string value, unless that is empty. The first member gets no comma.
func AppendString(out []byte, name, value string) []byte {
	if value == "" {
		return out
	}
	return appendQuoted(AppendName(out, name), value)
}

// AppendName begins a member of an object: a comma unless it is the first, the name and a colon.
func AppendName(out []byte, name string) []byte {
	if out[len(out)-1] != '{' {
		out = append(out, ',')
	}
	return append(append(append(out, '"'), name...), `":`...)
}

// appendQuoted appends a string as encoding/json writes it.
func appendQuoted(out []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c >= utf8.RuneSelf, c == '"', c == '\\', c == '<', c == '>', c == '&':
			quoted, _ := json.Marshal(text) // a string cannot fail
			return append(out, quoted...)
		}
	}
	return append(append(append(out, '"'), text...), '"')
}
