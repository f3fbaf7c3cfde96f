// Package der reads BER and DER where encoding/asn1 is too strict: in bytes that may be cut short or hostile.
package der

// The tags of X.690 that tell the formats of keys and certificates apart.
const (
	Integer     = 0x02
	OctetString = 0x04
	OID         = 0x06
	Sequence    = 0x30
)

// Value is one BER value. Its Body lies inside the bytes that it was read from.
type Value struct {
	Tag  byte // the first identifier octet
	Body []byte
}

// Next reads the value at the beginning of data. A length beyond the data means all the rest, and so does an indefinite
// one: half a key is still a secret.
func Next(data []byte) (value Value, rest []byte, ok bool) {
	if len(data) < 2 {
		return Value{}, nil, false
	}
	tag, length, body := data[0], int(data[1]), data[2:]
	const indefinite, longForm = 0x80, 0x80
	switch {
	case length == indefinite:
		length = len(body)
	case length > longForm:
		octets := length - longForm
		if octets > len(body) {
			return Value{}, nil, false
		}
		length = 0
		for _, b := range body[:octets] {
			length = min(length<<8|int(b), len(data))
		}
		body = body[octets:]
	}
	length = min(length, len(body))
	return Value{tag, body[:length]}, body[length:], true
}
