package intune

// This file is a page of a listing and its JSON. What is not provably a page proves nothing about the tenant.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// CertificatePage is one page of a listing: see [EnterpriseCodeSigningCertificatesService.List]. Its JSON is that of
// the service.
type CertificatePage struct {
	Value    []*EnterpriseCodeSigningCertificate
	Count    *int64 // of all certificates that match the filter, if ListOptions.Count asked for it
	NextLink string // opaque; "" on the last page. All follows it
}

// The members of a page.
const (
	countName    = "@odata.count"
	nextLinkName = "@odata.nextLink"
	valueName    = "value"
)

// LogValue implements slog.LogValuer, without the contents.
func (p CertificatePage) LogValue() slog.Value {
	return slog.GroupValue(present(slog.String("value", ids(p.Value)), slog.String("nextLink", p.NextLink))...)
}

// hasTotal reports whether Count can be the number of all certificates, and not just of the page.
func (p *CertificatePage) hasTotal() bool {
	if p.Count == nil {
		return false
	}
	here := int64(len(p.Value))
	return *p.Count > here || *p.Count == here && p.NextLink == ""
}

// MarshalJSON returns the page as the service sends it.
func (p CertificatePage) MarshalJSON() ([]byte, error) {
	var members []field
	if p.Count != nil {
		members = append(members, field{countName, *p.Count})
	}
	if p.NextLink != "" {
		members = append(members, field{nextLinkName, p.NextLink})
	}
	value := p.Value
	if value == nil {
		value = []*EnterpriseCodeSigningCertificate{}
	}
	return marshalObject(0, append(members, field{valueName, value}))
}

// UnmarshalJSON reads a page from the service: an object whose value is an array of objects, and that has no error. A
// duplicate member, or a nextLink that is not a string, is an error.
func (p *CertificatePage) UnmarshalJSON(data []byte) error {
	const most = 300_000 // thirty for each record of the largest page
	if err := limitMembers(data, most); err != nil {
		return err
	}
	var read CertificatePage
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := expect(decoder, '{'); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		if err := read.readMember(decoder, fmt.Sprint(name)); err != nil {
			return err
		}
	}
	if err := expect(decoder, '}'); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("unexpected data follows the page")
	}
	if read.Value == nil {
		return errors.New("the object has no list of certificates")
	}
	*p = read
	return nil
}

// expect reads a bracket.
func expect(decoder *json.Decoder, bracket json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != bracket {
		err = fmt.Errorf("want %v", bracket)
	}
	return err
}

// readMember reads the value of a member.
func (p *CertificatePage) readMember(decoder *json.Decoder, name string) (err error) {
	switch {
	case strings.EqualFold(name, valueName):
		if p.Value != nil {
			return errors.New("the page has two lists of certificates")
		}
		p.Value, err = readCertificates(decoder)
		return err
	case strings.HasSuffix(strings.ToLower(name), "nextlink"): // with or without @odata., as OData 4.01 allows
		if p.NextLink != "" {
			return errors.New("the page has two nextLinks")
		}
		return decoder.Decode(&p.NextLink)
	case strings.EqualFold(name, "error"): // OData lets a service that has begun its 200 append it
		return errors.New("the page has an error")
	}
	var raw json.RawMessage
	err = decoder.Decode(&raw)
	if strings.EqualFold(name, countName) {
		p.Count = parseCount(raw)
	}
	return err
}

// readCertificates reads an array of certificates.
func readCertificates(decoder *json.Decoder) ([]*EnterpriseCodeSigningCertificate, error) {
	const most = 10_000 // more than any page holds
	if err := expect(decoder, '['); err != nil {
		return nil, fmt.Errorf("the list of certificates: %w", err)
	}
	list := []*EnterpriseCodeSigningCertificate{}
	for decoder.More() {
		if len(list) == most {
			return nil, fmt.Errorf("the page has more than %d certificates", most)
		}
		var cert *EnterpriseCodeSigningCertificate
		if err := decoder.Decode(&cert); err != nil {
			return nil, err
		}
		if cert == nil {
			return nil, errors.New("a certificate is null")
		}
		list = append(list, cert)
	}
	return list, expect(decoder, ']')
}

// parseCount reads a number, which OData may send as text. What is no number is no count.
func parseCount(raw json.RawMessage) *int64 {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}
