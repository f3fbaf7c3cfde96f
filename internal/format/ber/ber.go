// Package ber reads ASN.1 in BER and DER, value by value, without building anything in memory. encoding/asn1 reads DER
// alone, and other readers of BER take quadratic time for nested values of indefinite length.
package ber

import "errors"

// The identifier octets of X.690 that callers look for. Those of sequences and sets are constructed.
const (
	Boolean     = 0x01
	Integer     = 0x02
	OctetString = 0x04
	OID         = 0x06
	Sequence    = 0x30
	Set         = 0x31

	constructed = 0x20
	context     = 0x80
)

// Context returns the identifier octet of a constructed value with a context-specific tag, as [0] EXPLICIT has it.
func Context(tag byte) byte { return context | constructed | tag }

// ErrMalformed says that bytes are not BER.
var ErrMalformed = errors.New("it is truncated or damaged")

// Value is one value. Raw and Body lie inside the bytes that it was read from.
type Value struct {
	Tag  byte   // the identifier octet. Tags of more than one octet have 31 as their number, and compare to nothing else
	Raw  []byte // with the header and, for an indefinite length, the end-of-contents octets
	Body []byte
}

// Is reports whether v has a tag, as a primitive or a constructed value: BER may split a string.
func (v Value) Is(tag byte) bool { return v.Tag&^constructed == tag&^constructed }

// IsConstructed reports whether the body holds values.
func (v Value) IsConstructed() bool { return v.Tag&constructed != 0 }

// Next reads the value at the beginning of data.
func Next(data []byte) (value Value, rest []byte, err error) {
	h, err := readHeader(data)
	if err != nil {
		return Value{}, nil, err
	}
	length, trailer := int(h.length), 0
	if h.indefinite {
		if length, err = indefiniteLength(data[h.size:]); err != nil {
			return Value{}, nil, err
		}
		trailer = 2 // the end-of-contents octets
	}
	end := h.size + length
	return Value{Tag: h.tag, Raw: data[:end+trailer], Body: data[h.size:end]}, data[end+trailer:], nil
}

// Beginning is Next for data that may be truncated or hostile: a length beyond the data means all the rest, and so does an
// indefinite one. So a format is recognized in a part of a file.
func Beginning(data []byte) (value Value, rest []byte, err error) {
	h, err := parseHeader(data)
	if err != nil {
		return Value{}, nil, err
	}
	end := len(data)
	if !h.indefinite {
		end = int(min(int64(h.size)+h.length, int64(end)))
	}
	return Value{Tag: h.tag, Raw: data[:end], Body: data[h.size:end]}, data[end:], nil
}

// Children returns the values in the body of a constructed value. Fewer than least and more than most are an error.
func (v Value) Children(least, most int) ([]Value, error) {
	if !v.IsConstructed() {
		return nil, ErrMalformed
	}
	var values []Value
	for rest := v.Body; len(rest) > 0; {
		var value Value
		var err error
		if value, rest, err = Next(rest); err != nil {
			return nil, err
		}
		if len(values) == most {
			return nil, ErrMalformed
		}
		values = append(values, value)
	}
	if len(values) < least {
		return nil, ErrMalformed
	}
	return values, nil
}

// Child returns a value in the body of a constructed value by its position, a zero Value if there is none that can be read.
func (v Value) Child(position int) (child Value) {
	if !v.IsConstructed() {
		return Value{}
	}
	for rest := v.Body; position >= 0; position-- {
		var err error
		if child, rest, err = Next(rest); err != nil {
			return Value{}
		}
	}
	return child
}

// Octets returns the content of a string. If it is split, in any number of levels, its primitive parts stand one behind the
// other, between the headers and ends of the constructed ones.
func (v Value) Octets() ([]byte, error) {
	if !v.IsConstructed() {
		return v.Body, nil
	}
	octets := make([]byte, 0, len(v.Body))
	for rest := v.Body; len(rest) > 0; {
		h, err := readHeader(rest)
		part := rest[min(h.size, len(rest)):]
		switch {
		case err != nil:
			return nil, err
		case h.tag == OctetString:
			octets = append(octets, part[:h.length]...)
			rest = part[h.length:]
		case h.tag == OctetString|constructed, h.isEnd():
			rest = part
		default:
			return nil, ErrMalformed
		}
	}
	return octets, nil
}

// header is the beginning of a value.
type header struct {
	tag        byte
	size       int   // of the header
	length     int64 // of the body, 0 if it is indefinite
	indefinite bool
}

// isEnd reports whether the end-of-contents octets are there instead.
func (h header) isEnd() bool { return h.tag == 0 && h.length == 0 && !h.indefinite }

// readHeader reads the header of a value that is complete.
func readHeader(data []byte) (header, error) {
	h, err := parseHeader(data)
	if err == nil && h.length > int64(len(data)-h.size) {
		err = ErrMalformed
	}
	return h, err
}

// parseHeader reads a header. The body may be missing.
func parseHeader(data []byte) (h header, err error) {
	const highTag, more, indefinite, longForm = 0x1f, 0x80, 0x80, 0x80
	size := 1 // of the identifier octets
	if len(data) > 0 && data[0]&highTag == highTag {
		for size < len(data) && data[size]&more != 0 {
			size++
		}
		size++
	}
	if size >= len(data) {
		return h, ErrMalformed
	}
	h.tag, h.size = data[0], size+1
	first := data[size]
	switch {
	case first == indefinite && h.tag&constructed == 0:
		return h, ErrMalformed
	case first == indefinite:
		h.indefinite = true
		return h, nil
	case first < longForm:
		h.length = int64(first)
		return h, nil
	}
	octets := int(first - longForm)
	if octets > len(data)-h.size {
		return h, ErrMalformed
	}
	const mostBytes = 1 << 40 // of which no data has so many. Longer lengths stay at that and do not overflow
	for _, b := range data[h.size : h.size+octets] {
		h.length = min(h.length<<8|int64(b), mostBytes)
	}
	h.size += octets
	return h, nil
}

// indefiniteLength returns how many bytes stand before the end-of-contents octets that end a body. It steps over values of
// definite length, and counts how many of indefinite length are open.
func indefiniteLength(body []byte) (int, error) {
	for at, open := 0, 1; ; {
		h, err := readHeader(body[at:])
		if err != nil {
			return 0, err
		}
		switch {
		case h.isEnd() && open == 1:
			return at, nil
		case h.isEnd():
			open--
		case h.indefinite:
			open++
		}
		at += h.size + int(h.length)
	}
}
