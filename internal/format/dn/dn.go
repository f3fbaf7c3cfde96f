// Package dn writes X.500 distinguished names as Windows shows them.
package dn

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// keywords are the attribute types that Windows has a short name for; it writes the others as OID.1.2.3.
var keywords = map[string]string{
	"2.5.4.3":                    "CN",
	"2.5.4.4":                    "SN",
	"2.5.4.5":                    "SERIALNUMBER",
	"2.5.4.6":                    "C",
	"2.5.4.7":                    "L",
	"2.5.4.8":                    "S",
	"2.5.4.9":                    "STREET",
	"2.5.4.10":                   "O",
	"2.5.4.11":                   "OU",
	"2.5.4.12":                   "T",
	"2.5.4.13":                   "Description",
	"2.5.4.17":                   "PostalCode",
	"2.5.4.18":                   "POBox",
	"2.5.4.20":                   "Phone",
	"2.5.4.42":                   "G",
	"2.5.4.43":                   "I",
	"2.5.4.46":                   "dnQualifier",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1":       "E",
}

// attribute is an AttributeTypeAndValue. encoding/asn1 would decode the value, but not every type of string.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type relativeNameSET []attribute // a SET, by its name (see encoding/asn1)

// Windows writes the DER of a name in reverse encoding order, separated by ", ", with S for state:
// CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US.
func Windows(der []byte) (string, error) {
	name, err := unmarshal(der)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for i := len(name) - 1; i >= 0; i-- {
		if out.Len() > 0 {
			out.WriteString(", ")
		}
		for j, attribute := range name[i] {
			if j > 0 {
				out.WriteString(" + ")
			}
			text, isText := textOf(attribute.Value)
			if isText {
				text = quote(text)
			}
			out.WriteString(keyword(attribute.Type) + "=" + text)
		}
	}
	return out.String(), nil
}

// Decode reads a name like crypto/x509, but with values of any type: as text, or as "#" and their DER in hexadecimal if they
// have no string type.
func Decode(der []byte) (pkix.RDNSequence, error) {
	name, err := unmarshal(der)
	if err != nil {
		return nil, err
	}
	sequence := make(pkix.RDNSequence, len(name))
	for i, set := range name {
		for _, attribute := range set {
			text, _ := textOf(attribute.Value)
			sequence[i] = append(sequence[i], pkix.AttributeTypeAndValue{Type: attribute.Type, Value: text})
		}
	}
	return sequence, nil
}

func unmarshal(der []byte) (name []relativeNameSET, err error) {
	rest, err := asn1.Unmarshal(der, &name)
	if err != nil {
		return nil, fmt.Errorf("distinguished name: %w", err)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("distinguished name: %d bytes after its end", len(rest))
	}
	return name, nil
}

func keyword(oid asn1.ObjectIdentifier) string {
	dotted := oid.String()
	if short, ok := keywords[dotted]; ok {
		return short
	}
	return "OID." + dotted
}

// textOf reads the string types of X.520, and those that are used in their place. Any other value is "#" and its DER in
// hexadecimal.
func textOf(raw asn1.RawValue) (text string, isText bool) {
	const tagVisibleString, tagUniversalString = 26, 28
	if raw.Class == asn1.ClassUniversal && !raw.IsCompound {
		switch raw.Tag {
		case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagNumericString, asn1.TagIA5String, tagVisibleString:
			return strings.ToValidUTF8(string(raw.Bytes), "\uFFFD"), true
		case asn1.TagT61String:
			return teletex(raw.Bytes), true
		case asn1.TagBMPString:
			return string(utf16.Decode(bigEndian[uint16](raw.Bytes, 2))), true
		case tagUniversalString:
			return string(bigEndian[rune](raw.Bytes, 4)), true
		}
	}
	return "#" + strings.ToUpper(hex.EncodeToString(raw.FullBytes)), false
}

// teletex reads a T61String as CAs write it: as UTF-8, or else as Latin-1.
func teletex(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	return string(bigEndian[rune](data, 1))
}

// bigEndian reads characters of so many bytes each.
func bigEndian[T uint16 | rune](data []byte, size int) (units []T) {
	for bytes := range slices.Chunk(data, size) {
		var unit T
		for _, b := range bytes {
			unit = unit<<8 | T(b)
		}
		units = append(units, unit)
	}
	return units
}

// quote puts a value in quotation marks where Windows does, its own quotation marks doubled.
func quote(text string) string {
	if text != "" && !strings.ContainsAny(text, ",+=\"\n<>#;") && strings.TrimSpace(text) == text {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}
