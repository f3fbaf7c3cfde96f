package lenientx509

import (
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// Expiration returns when a certificate expires. It accepts what Parse does, but builds nothing in memory for a certificate
// in the usual form: the members of version 3 (RFC 5280, section 4.1) without unique identifiers, and nothing else. What
// keys and extensions say is not read.
func Expiration(der []byte) (time.Time, error) {
	if expires, isUsual := readUsual(der); isUsual {
		return expires, nil
	}
	cert, err := Parse(der)
	if err != nil {
		return time.Time{}, err
	}
	return cert.NotAfter, nil
}

const (
	bitString       = 0x03
	utf8String      = 0x0c
	printableString = 0x13
	ia5String       = 0x16
	utcTime         = 0x17
	generalizedTime = 0x18
)

func readUsual(der []byte) (expires time.Time, isUsual bool) {
	u := usual{isSo: true}
	certificate := u.only(der, ber.Sequence)
	signed := u.next(&certificate, ber.Sequence)
	u.algorithm(&certificate)
	u.next(&certificate, bitString)
	u.end(certificate)
	const version3 = 2
	version := u.only(u.next(&signed, ber.Context(0)), ber.Integer)
	serial := u.next(&signed, ber.Integer)
	u.isSo = u.isSo && len(version) == 1 && version[0] == version3 && len(serial) > 0
	u.algorithm(&signed)
	u.name(&signed)
	validity := u.next(&signed, ber.Sequence)
	u.time(&validity)
	expires = u.time(&validity)
	u.end(validity)
	u.name(&signed)
	key := u.next(&signed, ber.Sequence)
	u.algorithm(&key)
	u.next(&key, bitString)
	u.end(key)
	if extensions := u.optional(&signed, ber.Context(3)); extensions != nil {
		u.extensions(u.only(extensions, ber.Sequence))
	}
	u.end(signed)
	return expires, u.isSo
}

// usual reads values one after the other. isSo becomes false with the first that is not of the usual form.
type usual struct{ isSo bool }

// next takes a value with that tag off data, and returns its body.
func (u *usual) next(data *[]byte, tag byte) (body []byte) {
	const indefinite = 0x80
	value, rest, err := ber.Next(*data)
	if err != nil || value.Tag != tag || value.Raw[1] == indefinite {
		u.isSo = false
		return nil
	}
	*data = rest
	return value.Body
}

// optional is next if data begins with that tag, and returns nil otherwise.
func (u *usual) optional(data *[]byte, tag byte) (body []byte) {
	if len(*data) == 0 || (*data)[0] != tag {
		return nil
	}
	return u.next(data, tag)
}

func (u *usual) end(data []byte) { u.isSo = u.isSo && len(data) == 0 }

func (u *usual) only(data []byte, tag byte) (body []byte) {
	body = u.next(&data, tag)
	u.end(data)
	return body
}

// algorithm takes an algorithm whose parameters are none, NULL or the name of a curve.
func (u *usual) algorithm(data *[]byte) {
	algorithm := u.next(data, ber.Sequence)
	u.oid(&algorithm)
	switch {
	case len(algorithm) == 0:
	case algorithm[0] == ber.Null:
		u.end(u.only(algorithm, ber.Null))
	default:
		u.oid(&algorithm)
		u.end(algorithm)
	}
}

// oid takes an object identifier whose numbers are complete and have no leading zeros.
func (u *usual) oid(data *[]byte) {
	const more = 0x80
	isBeginning := true
	for _, octet := range u.next(data, ber.OID) {
		u.isSo = u.isSo && (!isBeginning || octet != more)
		isBeginning = octet&more == 0
	}
	u.isSo = u.isSo && isBeginning
}

// name takes a distinguished name.
func (u *usual) name(data *[]byte) {
	for name := u.next(data, ber.Sequence); u.isSo && len(name) > 0; {
		for set := u.next(&name, ber.Set); u.isSo && len(set) > 0; {
			attribute := u.next(&set, ber.Sequence)
			u.oid(&attribute)
			value, _, _ := ber.Next(attribute)
			u.only(attribute, value.Tag)
			u.isSo = u.isSo && (value.Tag == utf8String || value.Tag == printableString || value.Tag == ia5String)
		}
	}
}

// time takes a time in the form of RFC 5280.
func (u *usual) time(data *[]byte) time.Time {
	layout, tag := "060102150405Z", byte(utcTime)
	if len(*data) > 0 && (*data)[0] == generalizedTime {
		layout, tag = "20060102150405Z", generalizedTime
	}
	t, err := time.Parse(layout, string(u.next(data, tag)))
	if err != nil || tag == utcTime && t.Year() >= 2050 { // which stands for 1950; see RFC 5280, section 4.1.2.5.1
		u.isSo = false
	}
	return t
}

func (u *usual) extensions(extensions []byte) {
	for u.isSo && len(extensions) > 0 {
		extension := u.next(&extensions, ber.Sequence)
		u.oid(&extension)
		u.optional(&extension, ber.Boolean)
		u.next(&extension, ber.OctetString)
		u.end(extension)
	}
}
