// Package ber reads ASN.1 in BER and DER, value by value, without building anything in memory. encoding/asn1 reads DER
// alone, and other readers of BER take quadratic time for nested values of indefinite length.
package ber

import (
	"bytes"
	"errors"
	"slices"
)

// The identifier octets of X.690 that callers look for. Those of sequences and sets are constructed.
const (
	Boolean     = 0x01
	Integer     = 0x02
	OctetString = 0x04
	Null        = 0x05
	OID         = 0x06
	BMPString   = 0x1e
	Sequence    = 0x30
	Set         = 0x31

	constructed = 0x20
	context     = 0x80
)

// Context returns the identifier octet of a constructed value with a context-specific tag, as [0] EXPLICIT has it.
func Context(tag byte) byte { return context | constructed | tag }

// ErrMalformed says that bytes are not BER.
var ErrMalformed = errors.New("it is cut short or damaged")

// Value is one value. Raw and Body lie inside the bytes that it was read from.
type Value struct {
	Tag  byte   // the identifier octet. Tags of more than one octet have 31 as their number, and compare to nothing else
	Raw  []byte // with the header and, for an indefinite length, the end-of-contents octets
	Body []byte
}

// Is reports whether v has a tag, as a primitive or a constructed value: BER may split a string.
func (v Value) Is(tag byte) bool { return v.Tag&^constructed == tag&^constructed }

// Next reads the value at the beginning of data.
func Next(data []byte) (value Value, rest []byte, err error) {
	h, err := readHeader(data)
	if err != nil {
		return Value{}, nil, err
	}
	end := h.size + h.length
	if h.indefinite {
		if h.length, err = indefiniteLength(data[h.size:]); err != nil {
			return Value{}, nil, err
		}
		const endOfContents = 2
		end = h.size + h.length + endOfContents
	}
	return Value{Tag: h.tag, Raw: data[:end], Body: data[h.size : h.size+h.length]}, data[end:], nil
}

// Only reads the one value that data holds, with nothing behind it except zeros and white space, which some tools leave.
func Only(data []byte) (Value, error) {
	value, rest, err := Next(data)
	if err == nil && len(bytes.Trim(rest, " \t\r\n\x00")) > 0 {
		err = ErrMalformed
	}
	return value, err
}

// Children iterates over the values in the body of a constructed value. It returns at most limit values.
func (v Value) Children(limit int) ([]Value, error) {
	if v.Tag&constructed == 0 {
		return nil, ErrMalformed
	}
	var values []Value
	for rest := v.Body; len(rest) > 0; {
		var value Value
		var err error
		if value, rest, err = Next(rest); err != nil || len(values) == limit {
			return nil, ErrMalformed
		}
		values = append(values, value)
	}
	return values, nil
}

// First returns the first value in the body, which is what an explicit tag holds.
func (v Value) First() (Value, error) {
	value, _, err := Next(v.Body)
	return value, err
}

// maxStringNesting bounds how deep the parts of a string may be split again.
const maxStringNesting = 8

// Octets returns the content of a string, put together if it is split.
func (v Value) Octets() ([]byte, error) {
	if v.Tag&constructed == 0 {
		return v.Body, nil
	}
	octets, err := appendParts(make([]byte, 0, len(v.Body)), v.Body, maxStringNesting)
	return slices.Clip(octets), err
}

func appendParts(octets, parts []byte, levels int) ([]byte, error) {
	if levels == 0 {
		return nil, ErrMalformed
	}
	for len(parts) > 0 {
		part, rest, err := Next(parts)
		switch {
		case err != nil || !part.Is(OctetString):
			return nil, ErrMalformed
		case part.Tag&constructed == 0:
			octets = append(octets, part.Body...)
		default:
			if octets, err = appendParts(octets, part.Body, levels-1); err != nil {
				return nil, err
			}
		}
		parts = rest
	}
	return octets, nil
}

// header is the beginning of a value.
type header struct {
	tag          byte
	size, length int // of the header and of the body
	indefinite   bool
}

func readHeader(data []byte) (h header, err error) {
	const highTag, more = 0x1f, 0x80
	if len(data) < 2 {
		return h, ErrMalformed
	}
	h.tag, h.size = data[0], 1
	if h.tag&highTag == highTag {
		for h.size < len(data) && data[h.size]&more != 0 {
			h.size++
		}
		h.size++
	}
	if h.size >= len(data) {
		return h, ErrMalformed
	}
	first := data[h.size]
	h.size++
	const indefinite, longForm = 0x80, 0x80
	switch {
	case first == indefinite:
		h.indefinite = true
		if h.tag&constructed == 0 {
			return h, ErrMalformed
		}
		return h, nil
	case first < longForm:
		h.length = int(first)
	default:
		octets := int(first - longForm)
		if octets > len(data)-h.size {
			return h, ErrMalformed
		}
		for _, b := range data[h.size : h.size+octets] {
			if h.length > len(data) {
				return h, ErrMalformed
			}
			h.length = h.length<<8 | int(b)
		}
		h.size += octets
	}
	if h.length > len(data)-h.size {
		return h, ErrMalformed
	}
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
		isEnd := h.tag == 0 && h.length == 0 && !h.indefinite
		switch {
		case isEnd && open == 1:
			return at, nil
		case isEnd:
			open--
		case h.indefinite:
			open++
		}
		at += h.size + h.length
	}
}
