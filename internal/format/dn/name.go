package dn

import (
	"cmp"
	"encoding/asn1"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// synonyms are the names that programs give to attribute types beside those of Windows, in upper case.
var synonyms = map[string]string{
	"ST": "2.5.4.8", "SP": "2.5.4.8", "STATE": "2.5.4.8",
	"EMAIL": "1.2.840.113549.1.9.1", "EMAILADDRESS": "1.2.840.113549.1.9.1",
	"COMMONNAME": "2.5.4.3", "COUNTRY": "2.5.4.6", "COUNTRYNAME": "2.5.4.6", "LOCALITY": "2.5.4.7", "LOCALITYNAME": "2.5.4.7",
	"STATEORPROVINCENAME": "2.5.4.8", "STREETADDRESS": "2.5.4.9",
	"ORGANIZATION": "2.5.4.10", "ORGANIZATIONNAME": "2.5.4.10", "ORGANIZATIONALUNIT": "2.5.4.11", "ORGANIZATIONALUNITNAME": "2.5.4.11",
	"TITLE": "2.5.4.12", "SURNAME": "2.5.4.4", "GIVENNAME": "2.5.4.42", "GN": "2.5.4.42", "INITIALS": "2.5.4.43",
	"DOMAINCOMPONENT": "0.9.2342.19200300.100.1.25",
	// in the names of extended validation, which Windows has no words for
	"BUSINESSCATEGORY": "2.5.4.15", "ORGANIZATIONIDENTIFIER": "2.5.4.97", "POSTALADDRESS": "2.5.4.16",
	"POSTOFFICEBOX": "2.5.4.18", "TELEPHONENUMBER": "2.5.4.20", "UID": "0.9.2342.19200300.100.1.1",
	"JURISDICTIONC": "1.3.6.1.4.1.311.60.2.1.3", "JURISDICTIONCOUNTRYNAME": "1.3.6.1.4.1.311.60.2.1.3",
	"JURISDICTIONST": "1.3.6.1.4.1.311.60.2.1.2", "JURISDICTIONSTATEORPROVINCENAME": "1.3.6.1.4.1.311.60.2.1.2",
	"JURISDICTIONL": "1.3.6.1.4.1.311.60.2.1.1", "JURISDICTIONLOCALITYNAME": "1.3.6.1.4.1.311.60.2.1.1",
}

// oids is keywords the other way about, in upper case.
var oids = func() map[string]string {
	inverse := make(map[string]string, len(keywords))
	for oid, keyword := range keywords {
		inverse[strings.ToUpper(keyword)] = oid
	}
	return inverse
}()

// Name is a name read from text: a distinguished name as a set of attributes, or any other text. Names compare without
// regard to case, to the order of their attributes, to white space around and within values, and to how types are
// spelled and values are quoted.
type Name struct {
	text string // folded

	// readings has one set of attributes for each way to read a backslash: Windows takes it literally, RFC 4514 as an
	// escape, and the text does not say which. It is empty if the text is no distinguished name.
	readings []attributes
}

// attributes has the values of each attribute type, folded and sorted.
type attributes map[string][]string

const commonName = "2.5.4.3"

// Parse reads a name.
func Parse(text string) Name {
	name := Name{text: fold(text)}
	for _, escapes := range []bool{false, true} {
		if read := parse(text, escapes); len(read) > 0 {
			name.readings = append(name.readings, read)
		}
	}
	return name
}

// IsZero reports whether the text was empty.
func (n Name) IsZero() bool { return n.text == "" }

// IsDistinguished reports whether the text was a distinguished name.
func (n Name) IsDistinguished() bool { return len(n.readings) > 0 }

// Equal reports whether two names have the same attributes with the same values, or are the same text.
func (n Name) Equal(other Name) bool {
	if n.text == other.text {
		return true
	}
	return n.some(other, func(a, b attributes) bool { return maps.EqualFunc(a, b, slices.Equal) })
}

// Contradicts reports whether both are distinguished names, and an attribute that both have differs. An attribute with
// several values differs if each name has a value that the other lacks.
func (n Name) Contradicts(other Name) bool {
	return len(n.readings) > 0 && len(other.readings) > 0 &&
		!n.some(other, func(a, b attributes) bool { return !contradict(a, b) })
}

// Agrees reports whether two names are equal, or have the same common name and do not contradict.
func (n Name) Agrees(other Name) bool {
	if n.Equal(other) {
		return !n.IsZero()
	}
	if len(n.readings) == 0 || len(other.readings) == 0 {
		return n.SharesCommonName(other)
	}
	return n.some(other, func(a, b attributes) bool { return haveSameCommonName(a, b) && !contradict(a, b) })
}

// IsBare reports whether the name is a common name alone, or no distinguished name.
func (n Name) IsBare() bool {
	for _, reading := range n.readings {
		if len(reading) > 1 || len(reading[commonName]) == 0 {
			return false
		}
	}
	return true
}

// some reports whether a condition holds for one pair of readings.
func (n Name) some(other Name, holds func(a, b attributes) bool) bool {
	for _, a := range n.readings {
		for _, b := range other.readings {
			if holds(a, b) {
				return true
			}
		}
	}
	return false
}

// SharesCommonName reports whether two names have the same common name. A text that is no distinguished name is compared
// with the common name of the other.
func (n Name) SharesCommonName(other Name) bool {
	switch {
	case n.IsZero() || other.IsZero():
		return false
	case n.text == other.text:
		return true
	case len(n.readings) == 0:
		return other.hasCommonName(n.text)
	case len(other.readings) == 0:
		return n.hasCommonName(other.text)
	}
	return n.some(other, haveSameCommonName)
}

func haveSameCommonName(a, b attributes) bool {
	return len(a[commonName]) > 0 && slices.Equal(a[commonName], b[commonName])
}

// Key returns a text that is the same for names with equal attributes, whatever their spelling, if backslashes are
// literal.
func (n Name) Key() string {
	if len(n.readings) == 0 {
		return n.text
	}
	var key strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(n.readings[0])) {
		key.WriteString(kind + "=" + strings.Join(n.readings[0][kind], "\x00") + "\x00\x00")
	}
	return key.String()
}

func (n Name) hasCommonName(folded string) bool {
	for _, reading := range n.readings {
		if slices.Contains(reading[commonName], folded) {
			return true
		}
	}
	return false
}

func contradict(a, b attributes) bool {
	for kind, values := range a {
		if others, shared := b[kind]; shared && !isSubset(values, others) && !isSubset(others, values) {
			return true
		}
	}
	return false
}

func isSubset(values, of []string) bool {
	for _, value := range values {
		if !slices.Contains(of, value) {
			return false
		}
	}
	return true
}

// fold removes what a comparison ignores (X.520, caseIgnoreMatch).
func fold(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// parse reads a distinguished name. It returns nil for any other text.
func parse(text string, escapes bool) attributes {
	p := parser{rest: text, escapes: escapes}
	read := make(attributes)
	for p.skipSpace(); p.rest != ""; p.skipSpace() {
		kind, value, ok := p.attribute()
		if !ok {
			return nil
		}
		read[kind] = append(read[kind], fold(value))
	}
	if p.separator == '+' { // an attribute must follow it
		return nil
	}
	for kind, values := range read {
		slices.Sort(values)
		read[kind] = slices.Compact(values)
	}
	return read
}

type parser struct {
	rest      string
	escapes   bool
	separator byte // that ended the last attribute, 0 at the end of the text
}

const (
	space      = " \t\r\n"
	separators = ",;+\n"
)

func (p *parser) skipSpace() { p.rest = strings.TrimLeft(p.rest, space) }

// attribute reads type=value and the separator that follows.
func (p *parser) attribute() (kind, value string, ok bool) {
	kind, rest, ok := strings.Cut(p.rest, "=")
	kind = strings.TrimSpace(kind)
	if !ok || kind == "" || strings.ContainsAny(kind, separators+`"\`) {
		return "", "", false
	}
	p.rest = rest
	p.skipSpace()
	if strings.HasPrefix(p.rest, `"`) {
		value, ok = p.quoted()
	} else {
		value = p.plain()
	}
	return oid(kind), value, ok
}

// oid is the canonical form of an attribute type.
func oid(kind string) string {
	upper := strings.ToUpper(kind)
	return cmp.Or(oids[upper], synonyms[upper], strings.TrimPrefix(upper, "OID."))
}

// quoted reads a value in quotation marks, in which quotation marks are doubled or escaped.
func (p *parser) quoted() (value string, ok bool) {
	var out strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"' && i+1 < len(p.rest) && p.rest[i+1] == '"':
			out.WriteByte('"')
			i++
		case c == '"':
			p.rest = strings.TrimLeft(p.rest[i+1:], " \t\r")
			return out.String(), p.endValue()
		case c == '\\' && p.escapes:
			i += p.unescape(i, &out) - 1
		default:
			out.WriteByte(c)
		}
	}
	return "", false
}

// endValue takes the separator that must follow a value.
func (p *parser) endValue() bool {
	if p.rest == "" {
		p.separator = 0
		return true
	}
	p.separator = p.rest[0]
	p.rest = p.rest[1:]
	return strings.IndexByte(separators, p.separator) >= 0
}

// plain reads a value up to the next separator. Spaces around it do not count, unless they are escaped.
func (p *parser) plain() string {
	var out strings.Builder
	isHex := strings.HasPrefix(p.rest, "#")
	end, i := 0, 0 // of the value without the spaces behind it, and of what has been read
	for i < len(p.rest) && strings.IndexByte(separators, p.rest[i]) < 0 {
		if p.escapes && p.rest[i] == '\\' {
			i += p.unescape(i, &out)
			end = out.Len()
			continue
		}
		out.WriteByte(p.rest[i])
		if strings.IndexByte(space, p.rest[i]) < 0 {
			end = out.Len()
		}
		i++
	}
	p.rest = p.rest[i:]
	p.endValue()
	if isHex {
		return fromHex(out.String()[:end])
	}
	return out.String()[:end]
}

// unescape writes what the backslash at i stands for and returns the length of the escape (RFC 4514, section 2.4).
func (p *parser) unescape(i int, out *strings.Builder) int {
	if i+2 < len(p.rest) {
		if octet, err := hex.DecodeString(p.rest[i+1 : i+3]); err == nil {
			out.Write(octet)
			return 3
		}
	}
	if i+1 == len(p.rest) {
		out.WriteByte('\\')
		return 1
	}
	out.WriteByte(p.rest[i+1])
	return 2
}

// fromHex reads a value that is given as # and its BER in hexadecimal, which RFC 4514 writes for unknown types.
func fromHex(text string) string {
	ber, err := hex.DecodeString(strings.TrimPrefix(text, "#"))
	if err != nil {
		return text
	}
	var raw asn1.RawValue
	if rest, err := asn1.Unmarshal(ber, &raw); err != nil || len(rest) > 0 {
		return strings.ToUpper(text)
	}
	decoded, isText := textOf(raw)
	if !isText {
		return strings.ToUpper(text)
	}
	return decoded
}
