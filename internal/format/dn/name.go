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

// isOfTheSix has C, S, L, O, OU and CN.
var isOfTheSix = map[string]bool{
	"2.5.4.6": true, "2.5.4.8": true, "2.5.4.7": true, "2.5.4.10": true, "2.5.4.11": true, "2.5.4.3": true,
}

// Parse reads a name.
func Parse(text string) Name {
	name := Name{text: fold(text)}
	for _, reading := range []string{strings.ReplaceAll(text, `\`, `\\`), text} {
		if read := parse(reading); len(read) > 0 {
			name.readings = append(name.readings, read)
		}
	}
	return name
}

// IsZero reports whether the text was empty.
func (n Name) IsZero() bool { return n.text == "" }

// IsDistinguished reports whether the text was a distinguished name.
func (n Name) IsDistinguished() bool { return len(n.readings) > 0 }

// Comparison says how a name that is shown compares with one that is known.
type Comparison int

// The results of Compare.
const (
	Unclear   Comparison = iota // the shown name may be a part of the known one
	Equal                       // the same attributes, except those that the service drops
	Different                   // the names of two subjects
)

// Others says whether a service shows attributes of other types than C, S, L, O, OU and CN, the six that the reference of
// Microsoft Graph names.
type Others int

// The values of Others.
const (
	OthersUnknown Others = iota
	OthersShown
	OthersDropped
)

// Compare compares a known name with one that a service shows. Names differ if the shown one has an attribute that the
// known one lacks, or lacks one outside the six although the service shows such attributes. A shown name that lacks one of
// the six is unclear, and so is a text that is no distinguished name, unless both are the same text.
func (n Name) Compare(shown Name, others Others) Comparison {
	switch {
	case n.IsZero() || shown.IsZero():
		return Unclear
	case n.text == shown.text:
		return Equal
	case !n.IsDistinguished() || !shown.IsDistinguished():
		return Unclear
	}
	result := Different
	for _, known := range n.readings {
		for _, read := range shown.readings {
			switch compare(known, read, others) {
			case Equal:
				return Equal
			case Unclear:
				result = Unclear
			case Different:
			}
		}
	}
	return result
}

func compare(known, shown attributes, others Others) Comparison {
	for kind, values := range shown {
		if !isSubset(values, known[kind]) {
			return Different
		}
	}
	result := Equal
	for kind, values := range known {
		switch isOther := !isOfTheSix[kind]; {
		case isSubset(values, shown[kind]), isOther && others == OthersDropped:
		case isOther && others == OthersShown:
			return Different
		default:
			result = Unclear
		}
	}
	return result
}

// HasOthers reports whether the name has an attribute outside the six.
func (n Name) HasOthers() bool {
	for _, reading := range n.readings {
		for kind := range reading {
			if !isOfTheSix[kind] {
				return true
			}
		}
	}
	return false
}

// Len returns how many attribute types a distinguished name has, 0 for any other text.
func (n Name) Len() (most int) {
	for _, reading := range n.readings {
		most = max(most, len(reading))
	}
	return most
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

const (
	space      = " \t\r\n"
	separators = ",;+\n"
)

// parse reads a distinguished name with escapes. It returns nil for any other text.
func parse(text string) attributes {
	read := make(attributes)
	separator := ""
	for rest := strings.TrimLeft(text, space); rest != ""; rest = strings.TrimLeft(rest, space) {
		kind, behind, isAttribute := strings.Cut(rest, "=")
		kind = strings.TrimSpace(kind)
		if !isAttribute || kind == "" || strings.ContainsAny(kind, separators+`"\`) {
			return nil
		}
		var value string
		value, separator, rest = cutValue(strings.TrimLeft(behind, space))
		value, ok := unquote(value)
		if !ok {
			return nil
		}
		read[oid(kind)] = append(read[oid(kind)], fold(value))
	}
	if separator == "+" { // an attribute must follow it
		return nil
	}
	for kind, values := range read {
		slices.Sort(values)
		read[kind] = slices.Compact(values)
	}
	return read
}

// cutValue cuts text around the first separator that is neither in quotation marks nor escaped.
func cutValue(text string) (value, separator, rest string) {
	isQuoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"' && text[0] == '"':
			isQuoted = !isQuoted
		case !isQuoted && strings.IndexByte(separators, c) >= 0:
			return text[:i], text[i : i+1], text[i+1:]
		}
	}
	return text, "", ""
}

// unquote returns what a value stands for. In quotation marks, they are doubled or escaped.
func unquote(value string) (text string, ok bool) {
	isHex := strings.HasPrefix(value, "#")
	value, isQuoted := strings.CutPrefix(value, `"`)
	if isQuoted {
		value = strings.TrimRight(value, space)
	}
	out := make([]byte, 0, len(value))
	for value != "" {
		char, width := value[0], 1
		switch {
		case char == '\\' && len(value) > 1:
			char, width = unescape(value)
		case char == '"' && isQuoted && value == `"`:
			return string(out), true
		case char == '"' && isQuoted:
			if value[1] != '"' {
				return "", false
			}
			width = 2
		}
		out, value = append(out, char), value[width:]
	}
	if isHex {
		return fromHex(strings.TrimSpace(string(out))), true
	}
	return string(out), !isQuoted
}

// unescape returns what a backslash and what follows it stand for (RFC 4514, section 2.4), and the width of that.
func unescape(text string) (char byte, width int) {
	var octet [1]byte
	if len(text) > 2 {
		if _, err := hex.Decode(octet[:], []byte(text[1:3])); err == nil {
			return octet[0], 3
		}
	}
	return text[1], 2
}

// oid is the canonical form of an attribute type.
func oid(kind string) string {
	upper := strings.ToUpper(kind)
	return cmp.Or(oids[upper], synonyms[upper], strings.TrimPrefix(upper, "OID."))
}

// fromHex reads a value that is given as # and its BER in hexadecimal, which RFC 4514 writes for unknown types.
func fromHex(text string) string {
	var raw asn1.RawValue
	der, err := hex.DecodeString(text[1:])
	if rest, notDER := asn1.Unmarshal(der, &raw); err != nil || notDER != nil || len(rest) > 0 {
		return text
	}
	decoded, _ := textOf(raw)
	return decoded
}
