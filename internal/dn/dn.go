// Package dn writes X.500 distinguished names as Windows shows them.
package dn

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
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

// Windows writes the DER of a name in reverse encoding order, separated by ", ", with S for state:
// CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US.
func Windows(der []byte) (string, error) {
	var name pkix.RDNSequence
	rest, err := asn1.Unmarshal(der, &name)
	if err != nil {
		return "", fmt.Errorf("distinguished name: %w", err)
	}
	if len(rest) > 0 {
		return "", fmt.Errorf("distinguished name: %d bytes after its end", len(rest))
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
			out.WriteString(keyword(attribute.Type))
			out.WriteByte('=')
			out.WriteString(quote(value(attribute.Value)))
		}
	}
	return out.String(), nil
}

func keyword(oid asn1.ObjectIdentifier) string {
	dotted := oid.String()
	if short, ok := keywords[dotted]; ok {
		return short
	}
	return "OID." + dotted
}

// value is the text of an attribute. Go decodes every string type of X.520 to a string, and T61String byte by byte as
// if it were UTF-8; CAs put Latin-1 there.
func value(v any) string {
	text, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	if strings.ToValidUTF8(text, "") == text {
		return text
	}
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

// quote puts a value in quotation marks where Windows does, its own quotation marks doubled.
func quote(text string) string {
	if text != "" && !strings.ContainsAny(text, ",+=\"\n<>#;") && strings.TrimSpace(text) == text {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}
