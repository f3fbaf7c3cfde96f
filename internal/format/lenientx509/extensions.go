package lenientx509

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// extension is an extension and its own encoding.
type extension struct {
	pkix.Extension

	raw []byte
}

// splitExtensions reads the content of the field extensions, a SEQUENCE.
func splitExtensions(der []byte) (extensions []extension, err error) {
	values, err := children(der, asn1.TagSequence)
	if err != nil || len(values) > maxExtensions {
		return nil, errMalformed
	}
	for _, value := range values {
		members, err := children(value.FullBytes, asn1.TagSequence)
		if err != nil || len(members) < 2 {
			return nil, errMalformed
		}
		e := extension{raw: value.FullBytes}
		if _, err := asn1.Unmarshal(members[0].FullBytes, &e.Id); err != nil {
			return nil, err
		}
		if critical := members[1]; critical.Tag == asn1.TagBoolean && len(critical.Bytes) == 1 {
			e.Critical = critical.Bytes[0] != 0 // in DER only 0xff is true
		}
		last := members[len(members)-1]
		if last.Class != asn1.ClassUniversal || last.Tag != asn1.TagOctetString {
			return nil, errMalformed
		}
		e.Value = last.Bytes
		extensions = append(extensions, e)
	}
	return extensions, nil
}

// replaceExtensions returns the extensions that crypto/x509 accepts, and which critical ones are left out.
func replaceExtensions(extensions []extension) (der []byte, unreadable []asn1.ObjectIdentifier) {
	seen := make(map[string]bool)
	for _, e := range extensions {
		readable := e.readable()
		if seen[e.Id.String()] {
			readable = nil
		}
		if readable == nil && e.Critical {
			unreadable = append(unreadable, e.Id)
		}
		seen[e.Id.String()] = seen[e.Id.String()] || readable != nil
		der = append(der, readable...)
	}
	return der, unreadable
}

// readable returns the extension in a form that crypto/x509 accepts: as it is, or not critical, nil if in neither.
func (e extension) readable() []byte {
	id, err := asn1.Marshal(e.Id)
	if err != nil {
		return nil
	}
	for _, form := range [][]byte{e.raw, encode(tagSequence, id, encode(tagOctetString, e.Value))} {
		if _, err := x509.ParseCertificate(certificateWith(form)); err == nil {
			return form
		}
	}
	return nil
}

// certificateWith returns a certificate that has one extension and nothing else that could be wrong.
func certificateWith(extension []byte) []byte {
	empty := encode(tagSequence)
	algorithm := encode(tagSequence, []byte{asn1.TagOID, 1, 0})
	bits := []byte{asn1.TagBitString, 1, 0}
	date := encode(tagGeneralizedTime, []byte("20260101000000Z"))
	version3 := []byte{0xa0, 3, asn1.TagInteger, 1, 2}
	toBeSigned := encode(tagSequence, version3, placeholderSerial(), algorithm, empty, encode(tagSequence, date, date), empty,
		encode(tagSequence, algorithm, bits), encode(tagExtensions, encode(tagSequence, extension)))
	return encode(tagSequence, toBeSigned, algorithm, bits)
}
