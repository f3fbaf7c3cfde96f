package intune

// This file reads and writes the JSON of the hot paths, in one pass and without reflection. Listings of a tenant spend
// most of their time here; encoding/json goes over everything twice, matches names without regard to case and has no
// place for unknown ones.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// encodeJSON is json.Marshal, but that it does not go over our own model twice.
func encodeJSON(value any) ([]byte, error) {
	if cert, ok := value.(*EnterpriseCodeSigningCertificate); ok && cert != nil {
		return cert.MarshalJSON()
	}
	return json.Marshal(value)
}

// decodeJSON is json.Unmarshal, but that it does not go over our own types twice.
func decodeJSON(data []byte, into any) error {
	switch into := into.(type) {
	case *EnterpriseCodeSigningCertificate:
		return into.UnmarshalJSON(data)
	case *wirePage:
		return into.UnmarshalJSON(data)
	}
	return json.Unmarshal(data, into)
}

// jsonReader goes over JSON (RFC 8259) from front to back and is as strict as encoding/json. After an error it is not to
// be used any more.
type jsonReader struct {
	data  []byte
	at    int
	depth int
	plain bool // the string that was passed over last is ASCII without an escape
}

var errNotJSON = errors.New("not valid JSON")

// next passes over white space and returns the byte at which the reader then stands, 0 at the end.
func (r *jsonReader) next() byte {
	for ; r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take passes over one byte, which must be c.
func (r *jsonReader) take(c byte) error {
	if r.next() != c {
		return errNotJSON
	}
	r.at++
	return nil
}

// end says whether nothing but white space is left.
func (r *jsonReader) end() error {
	if r.next(); r.at < len(r.data) {
		return errNotJSON
	}
	return nil
}

// object calls member with the name of each member. member reads its value.
func (r *jsonReader) object(member func(name []byte) error) error {
	return r.composite('{', '}', func() error {
		if r.next() != '"' {
			return errNotJSON
		}
		name, err := r.value()
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

// array calls element for each element. element reads it.
func (r *jsonReader) array(element func() error) error { return r.composite('[', ']', element) }

// maxDepth is that of encoding/json.
const maxDepth = 10_000

// composite reads what stands between two brackets, separated by commas.
func (r *jsonReader) composite(opening, closing byte, item func() error) error {
	if err := r.take(opening); err != nil {
		return err
	}
	if r.depth++; r.depth > maxDepth {
		return errors.New("JSON is nested too deeply")
	}
	if r.next() != closing {
		for {
			if err := item(); err != nil {
				return err
			}
			if r.next() != ',' {
				break
			}
			r.at++
		}
	}
	r.depth--
	return r.take(closing)
}

// value passes over any value and returns it as it stands.
func (r *jsonReader) value() ([]byte, error) {
	first := r.next()
	begin := r.at
	var err error
	switch first {
	case '"':
		err = r.text()
	case '{':
		err = r.object(func([]byte) error { return r.pass() })
	case '[':
		err = r.array(r.pass)
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

func (r *jsonReader) pass() error {
	_, err := r.value()
	return err
}

func (r *jsonReader) literal(text string) error {
	if !bytes.HasPrefix(r.data[r.at:], []byte(text)) {
		return errNotJSON
	}
	r.at += len(text)
	return nil
}

// text passes over a string.
func (r *jsonReader) text() error {
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

// escapeLength is the length of the escape that data begins with, 0 for one that JSON does not have.
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

// number passes over a number: a minus, digits without a leading zero, a fraction, an exponent.
func (r *jsonReader) number() error {
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

// skip passes over c, if it is there.
func (r *jsonReader) skip(c byte) bool {
	if r.at < len(r.data) && r.data[r.at] == c {
		r.at++
		return true
	}
	return false
}

// digits passes over digits, if there are any.
func (r *jsonReader) digits() bool {
	begin := r.at
	for r.at < len(r.data) && isDigit(r.data[r.at]) {
		r.at++
	}
	return r.at > begin
}

// unquoted is the text of a JSON string, given without its quotation marks.
func unquoted(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return text
	}
	var decoded string
	_ = json.Unmarshal(slices.Concat([]byte{'"'}, text, []byte{'"'}), &decoded) // a reader has passed over it
	return []byte(decoded)
}

// decodeString decodes a JSON string or null.
func decodeString[T ~string](value []byte, into *T) error {
	if value[0] != '"' {
		return json.Unmarshal(value, into)
	}
	*into = T(unquoted(value[1 : len(value)-1]))
	return nil
}

// decodeBytes decodes a JSON string with base64 in it, or null.
func decodeBytes(value []byte, into *[]byte) (err error) {
	if value[0] != '"' {
		return json.Unmarshal(value, into)
	}
	*into, err = base64.StdEncoding.AppendDecode(nil, unquoted(value[1:len(value)-1]))
	return err
}

// appendString appends a member with a string, unless that is empty. The first member has no comma before it.
func appendString(out []byte, name, value string) []byte {
	if value == "" {
		return out
	}
	return appendQuoted(appendName(out, name), value)
}

// appendName begins a member of an object.
func appendName(out []byte, name string) []byte {
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
			quoted, _ := json.Marshal(text) // of a string there is no error
			return append(out, quoted...)
		}
	}
	return append(append(append(out, '"'), text...), '"')
}
