package dn

import (
	"cmp"
	"encoding/asn1"
	"encoding/hex"
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

// Same says whether two texts name the same thing: the same parts with the same values, whatever the order of the
// parts, the spaces and separators between them, the spelling of their types (S, ST or OID.2.5.4.8) and the way in
// which values are quoted or escaped. Values are compared with regard to case. Texts that are no distinguished names
// are the same where they are equal but for spaces around them.
func Same(a, b string) bool {
	for _, escapesA := range []bool{false, true} {
		for _, escapesB := range []bool{false, true} {
			if slices.Equal(parts(a, escapesA), parts(b, escapesB)) {
				return true
			}
		}
	}
	return false
}

// parts returns the parts of a name in a canonical form and order. Windows takes a backslash as it is, RFC 4514 as an
// escape, and a text does not say which it is, so escapes chooses. What is no name is one part.
func parts(text string, escapes bool) []string {
	p := parser{rest: text, escapes: escapes}
	var all, attributes []string
	for p.skipSpace(); p.rest != ""; p.skipSpace() {
		attribute, ok := p.attribute()
		if !ok {
			return []string{strings.TrimSpace(text)}
		}
		attributes = append(attributes, attribute)
		if p.separator == '+' {
			continue
		}
		slices.Sort(attributes)
		all = append(all, strings.Join(attributes, "\x00"))
		attributes = nil
	}
	if attributes != nil { // it ends in a +
		return []string{strings.TrimSpace(text)}
	}
	slices.Sort(all)
	return all
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

// attribute reads type=value and the separator behind it.
func (p *parser) attribute() (canonical string, ok bool) {
	kind, rest, ok := strings.Cut(p.rest, "=")
	kind = strings.TrimSpace(kind)
	if !ok || kind == "" || strings.ContainsAny(kind, separators+`"\`) {
		return "", false
	}
	p.rest = rest
	p.skipSpace()
	var value string
	if strings.HasPrefix(p.rest, `"`) {
		value, ok = p.quoted()
	} else {
		value = p.plain()
	}
	return oid(kind) + "=" + value, ok
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
