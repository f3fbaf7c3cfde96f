package lenientx509

import (
	"encoding/asn1"
	"slices"
)

// The identifier octets of what is encoded here.
const (
	tagOctetString     = asn1.TagOctetString
	tagUTF8String      = asn1.TagUTF8String
	tagGeneralizedTime = asn1.TagGeneralizedTime
	tagSequence        = 0x30
	tagSet             = 0x31
	tagExtensions      = 0xa3
)

// children returns the values inside a SEQUENCE or SET that is all of der.
func children(der []byte, tag int) (values []asn1.RawValue, err error) {
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil || len(rest) > 0 || outer.Class != asn1.ClassUniversal || outer.Tag != tag {
		return nil, errMalformed
	}
	for rest = outer.Bytes; len(rest) > 0; {
		var value asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func isContext(value asn1.RawValue, tag int) bool {
	return value.Class == asn1.ClassContextSpecific && value.Tag == tag
}

// encode writes one value in DER.
func encode(identifier byte, contents ...[]byte) []byte {
	const constructed, number = 0x20, 0x1f
	der, _ := asn1.Marshal(asn1.RawValue{
		Class: int(identifier >> 6), IsCompound: identifier&constructed != 0, Tag: int(identifier & number), Bytes: slices.Concat(contents...),
	})
	return der
}
