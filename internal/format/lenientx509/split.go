package lenientx509

import (
	"encoding/asn1"
	"errors"
	"slices"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// The identifier octets of what encoding/asn1 and package ber do not name.
const (
	tagSequence   = ber.Sequence
	tagBitString  = asn1.TagBitString
	tagExtensions = 0xa3
	tagIssuerID   = 0x81
	tagSubjectID  = 0x82
	anyTag        = 0
)

var errMalformed = errors.New("the certificate is malformed, or has extra data")

// parts are the members of a certificate (RFC 5280, section 4.1), each with its tag and length.
type parts struct {
	raw, toBeSigned           []byte
	version                   []byte // empty in version 1
	serial                    []byte // its octets
	algorithm, issuer         []byte
	notBefore, notAfter       ber.Value
	subject, publicKey        []byte
	uniqueIDs                 []byte
	extensions                []byte // one after the other
	outerAlgorithm, signature []byte
}

// split takes a certificate apart. Anything beside its members, and beside those of its names and extensions, is an error.
// It does not look at what they say, and builds nothing in memory.
func split(der []byte) (p parts, err error) {
	var r reader
	certificate := r.only(der, tagSequence)
	signed := r.next(&certificate, tagSequence)
	p.raw, p.toBeSigned = der, signed.Raw
	p.outerAlgorithm = r.algorithm(&certificate)
	p.signature = r.next(&certificate, tagBitString).Raw
	r.end(certificate)

	rest := signed.Body
	p.version = r.optional(&rest, ber.Context(0)).Raw
	p.serial = r.next(&rest, ber.Integer).Body
	p.algorithm = r.algorithm(&rest)
	p.issuer = r.name(&rest)
	validity := r.next(&rest, tagSequence).Body
	p.notBefore, p.notAfter = r.next(&validity, anyTag), r.next(&validity, anyTag)
	r.end(validity)
	p.subject = r.name(&rest)
	p.publicKey = r.next(&rest, tagSequence).Raw
	withIDs := rest
	r.optional(&rest, tagIssuerID)
	r.optional(&rest, tagSubjectID)
	p.uniqueIDs = withIDs[:len(withIDs)-len(rest)]
	if explicit := r.optional(&rest, tagExtensions); explicit.Raw != nil {
		p.extensions = r.only(explicit.Body, tagSequence)
	}
	r.end(rest)
	for list := p.extensions; len(list) > 0 && !r.isMalformed; {
		r.extension(&list)
	}
	if r.isMalformed || len(p.serial) == 0 {
		return parts{}, errMalformed
	}
	return p, nil
}

// reader reads values one after the other, and keeps in mind if one was not as it should be.
type reader struct{ isMalformed bool }

// next takes a value with that tag off data. Certificates are in DER, which has no indefinite lengths.
func (r *reader) next(data *[]byte, tag byte) ber.Value {
	const indefinite = 0x80
	value, rest, err := ber.Next(*data)
	if err != nil || tag != anyTag && value.Tag != tag || value.Raw[1] == indefinite {
		r.isMalformed = true
		return ber.Value{}
	}
	*data = rest
	return value
}

// optional is next if data begins with that tag, and returns a zero value otherwise.
func (r *reader) optional(data *[]byte, tag byte) ber.Value {
	if len(*data) == 0 || (*data)[0] != tag {
		return ber.Value{}
	}
	return r.next(data, tag)
}

// only returns the body of the one value that data holds.
func (r *reader) only(data []byte, tag byte) (body []byte) {
	body = r.next(&data, tag).Body
	r.end(data)
	return body
}

func (r *reader) end(data []byte) { r.isMalformed = r.isMalformed || len(data) > 0 }

// algorithm takes AlgorithmIdentifier ::= SEQUENCE { algorithm, parameters ANY OPTIONAL }.
func (r *reader) algorithm(data *[]byte) []byte {
	algorithm := r.next(data, tagSequence)
	rest := algorithm.Body
	r.next(&rest, ber.OID)
	if len(rest) > 0 {
		r.next(&rest, anyTag)
	}
	r.end(rest)
	return algorithm.Raw
}

// name takes Name ::= SEQUENCE OF SET OF SEQUENCE { type, value ANY }.
func (r *reader) name(data *[]byte) []byte {
	name := r.next(data, tagSequence)
	for sets := name.Body; len(sets) > 0 && !r.isMalformed; {
		for set := r.next(&sets, ber.Set).Body; len(set) > 0 && !r.isMalformed; {
			attribute := r.next(&set, tagSequence).Body
			r.next(&attribute, ber.OID)
			r.next(&attribute, anyTag)
			r.end(attribute)
		}
	}
	return name.Raw
}

// extension is Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }.
type extension struct {
	raw, id    []byte // with tag and length
	isCritical bool
	value      []byte
}

func (r *reader) extension(data *[]byte) extension {
	outer := r.next(data, tagSequence)
	rest := outer.Body
	id := r.next(&rest, ber.OID)
	critical := r.optional(&rest, ber.Boolean).Body
	value := r.next(&rest, ber.OctetString)
	r.end(rest)
	return extension{outer.Raw, id.Raw, len(critical) == 1 && critical[0] != 0, value.Body} // in DER only 0xff is true
}

// encode writes one value in DER.
func encode(identifier byte, contents ...[]byte) []byte {
	const constructed, number = 0x20, 0x1f
	der, _ := asn1.Marshal(asn1.RawValue{
		Class: int(identifier >> 6), IsCompound: identifier&constructed != 0, Tag: int(identifier & number), Bytes: slices.Concat(contents...),
	})
	return der
}
