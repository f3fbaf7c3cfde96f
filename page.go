package intune

// This file is a page of a listing and its JSON. What is not provably a page proves nothing about the tenant.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// CertificatePage is one page of a listing: see [EnterpriseCodeSigningCertificatesService.List]. Its JSON is the JSON of
// the service.
type CertificatePage struct {
	Value    []*EnterpriseCodeSigningCertificate
	Count    *int64 // of all certificates that match the filter, if ListOptions.Count asked for it
	NextLink string // opaque; "" on the last page. All follows it
}

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
	return json.Marshal(struct {
		Count    *int64                              `json:"@odata.count,omitempty"`
		NextLink string                              `json:"@odata.nextLink,omitempty"`
		Value    []*EnterpriseCodeSigningCertificate `json:"value"`
	}{p.Count, p.NextLink, append([]*EnterpriseCodeSigningCertificate{}, p.Value...)})
}

// UnmarshalJSON reads a page from the service: an object whose value is an array of objects, and that has no error. A
// duplicate member, or a nextLink that is not a string, is an error.
func (p *CertificatePage) UnmarshalJSON(data []byte) error {
	const most = 10_000 // records, more than any page holds
	if err := limitJSON(data, 30*most, 3*most); err != nil {
		return err
	}
	if bytes.Count(data, []byte(",")) > 100*most { // between the values of an array, and in names
		return fmt.Errorf("the page may have more than %d certificates", most)
	}
	var read struct {
		Value     once[[]*EnterpriseCodeSigningCertificate] `json:"value"`
		Count     json.RawMessage                           `json:"@odata.count"`
		Error     once[json.RawMessage]                     `json:"error"`
		NextLink  *once[string]                             `json:"@odata.nextLink"`
		NextLink2 *once[string]                             `json:"@nextLink"` // OData 4.01 allows this, and others have been seen
		NextLink3 *once[string]                             `json:"odata.nextLink"`
		NextLink4 *once[string]                             `json:"nextLink"`
	}
	var next once[string]
	read.NextLink, read.NextLink2, read.NextLink3, read.NextLink4 = &next, &next, &next, &next
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	switch list := read.Value.value; {
	case read.Error.isSet: // OData lets a service that has begun its 200 append it
		return errors.New("the page has an error")
	case list == nil:
		return errors.New("the object has no list of certificates")
	case len(list) > most:
		return fmt.Errorf("the page has more than %d certificates", most)
	case slices.Contains(list, nil):
		return errors.New("a certificate is null")
	}
	*p = CertificatePage{Value: read.Value.value, Count: parseCount(read.Count), NextLink: next.value}
	return nil
}

// once is a member that must not come twice.
type once[T any] struct {
	value T
	isSet bool
}

// UnmarshalJSON reads the value.
func (o *once[T]) UnmarshalJSON(data []byte) error {
	if o.isSet {
		return errors.New("the page has a member twice")
	}
	o.isSet = true
	return json.Unmarshal(data, &o.value)
}

// parseCount reads a number, which OData may send as text. What is no number is no count.
func parseCount(raw json.RawMessage) *int64 {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}
