package lenientx509

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// readExtensions returns all extensions, those that crypto/x509 accepts in a form that it accepts, and which critical ones
// are not among these.
func (p parts) readExtensions() (readable []byte, all []pkix.Extension, unreadable []asn1.ObjectIdentifier, err error) {
	var r reader
	seen := make(map[string]bool)
	for list := p.extensions; len(list) > 0; {
		e := r.extension(&list)
		var id asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(e.id, &id); err != nil || len(all) == maxExtensions {
			return nil, nil, nil, errMalformed
		}
		all = append(all, pkix.Extension{Id: id, Critical: e.isCritical, Value: e.value})
		form := e.readable()
		switch {
		case form != nil && !seen[id.String()]:
			seen[id.String()] = true
			readable = append(readable, form...)
		case e.isCritical:
			unreadable = append(unreadable, id)
		}
	}
	return readable, all, unreadable, nil
}

// readable returns the extension in a form that crypto/x509 accepts: as it is, or not critical, nil if in neither.
func (e extension) readable() []byte {
	for _, form := range [][]byte{e.raw, encode(tagSequence, e.id, encode(asn1.TagOctetString, e.value))} {
		if _, err := x509.ParseCertificate(encodeCertificate(version3, unknownAlgorithm, nil, form, noBits)); err == nil {
			return form
		}
	}
	return nil
}
