package privatekey

// This file reads BER and DER that may be cut short or hostile, where package ber would see nothing.

// value is one BER value. Its body lies inside the bytes that it was read from.
type value struct {
	tag  byte // the first identifier octet
	body []byte
}

// next reads the value at the beginning of data. A length beyond the data means all the rest, and so does an indefinite
// one: half a key is still a secret.
func next(data []byte) (v value, rest []byte, ok bool) {
	if len(data) < 2 {
		return value{}, nil, false
	}
	tag, length, body := data[0], int(data[1]), data[2:]
	const indefinite, longForm = 0x80, 0x80
	switch {
	case length == indefinite:
		length = len(body)
	case length > longForm:
		octets := length - longForm
		if octets > len(body) {
			return value{}, nil, false
		}
		length = 0
		for _, b := range body[:octets] {
			length = min(length<<8|int(b), len(data))
		}
		body = body[octets:]
	}
	length = min(length, len(body))
	return value{tag, body[:length]}, body[length:], true
}
