package lenientx509

import (
	"encoding/asn1"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/dn"
)

// replaceName writes all values of a distinguished name as UTF8String. What is not a name stays as it is.
func replaceName(der []byte) []byte {
	sets, err := children(der, asn1.TagSequence)
	if err != nil {
		return der
	}
	var name []byte
	for _, set := range sets {
		attributes, err := children(set.FullBytes, asn1.TagSet)
		if err != nil {
			return der
		}
		var replaced []byte
		for _, attribute := range attributes {
			pair, err := children(attribute.FullBytes, asn1.TagSequence)
			if err != nil || len(pair) != 2 {
				return der
			}
			replaced = append(replaced, encode(tagSequence, pair[0].FullBytes, encode(tagUTF8String, []byte(dn.Text(pair[1]))))...)
		}
		name = append(name, encode(tagSet, replaced)...)
	}
	return encode(tagSequence, name)
}

// replaceValidity writes both times as RFC 5280 wants them. What is not a pair of times stays as it is.
func replaceValidity(der []byte) []byte {
	times, err := children(der, asn1.TagSequence)
	if err != nil || len(times) != 2 {
		return der
	}
	var replaced []byte
	for _, value := range times {
		t, ok := parseTime(value)
		if !ok {
			return der
		}
		replaced = append(replaced, encode(tagGeneralizedTime, []byte(t.UTC().Format("20060102150405Z")))...)
	}
	return encode(tagSequence, replaced)
}

// parseTime reads a time with or without seconds, fractions of them, and an offset, as X.680 allows it.
func parseTime(value asn1.RawValue) (t time.Time, ok bool) {
	var layouts []string
	switch value.Tag {
	case asn1.TagUTCTime:
		layouts = []string{"060102150405Z0700", "0601021504Z0700"}
	case asn1.TagGeneralizedTime:
		layouts = []string{"20060102150405Z0700", "200601021504Z0700", "2006010215Z0700", "20060102150405"}
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, string(value.Bytes))
		if err != nil {
			continue
		}
		const firstYearOfUTCTime = 1950 // RFC 5280, section 4.1.2.5.1; time.Parse begins with 1969
		if value.Tag == asn1.TagUTCTime && t.Year() >= firstYearOfUTCTime+100 {
			t = t.AddDate(-100, 0, 0)
		}
		return t, true
	}
	return time.Time{}, false
}
