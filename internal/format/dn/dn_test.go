package dn

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

func attr(oid string, value any) pkix.AttributeTypeAndValue {
	types := map[string]asn1.ObjectIdentifier{
		"CN": {2, 5, 4, 3}, "C": {2, 5, 4, 6}, "L": {2, 5, 4, 7}, "S": {2, 5, 4, 8}, "STREET": {2, 5, 4, 9},
		"O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "SERIALNUMBER": {2, 5, 4, 5}, "E": {1, 2, 840, 113549, 1, 9, 1},
		"jurisdiction": {1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 3},
	}
	return pkix.AttributeTypeAndValue{Type: types[oid], Value: value}
}

func TestWindows(t *testing.T) {
	const bmpString, t61String, universalString = 30, 20, 28
	tests := []struct {
		name string
		dn   pkix.RDNSequence
		want string
	}{
		{"reverse of the encoding, S for state", pkix.RDNSequence{
			{attr("C", "US")}, {attr("S", "Washington")}, {attr("L", "Redmond")},
			{attr("O", "Contoso Ltd")}, {attr("CN", "Contoso")},
		}, "CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US"},
		{"several attributes in one part", pkix.RDNSequence{
			{attr("O", "Contoso")}, {attr("CN", "Signing"), attr("SERIALNUMBER", "42")},
		}, "SERIALNUMBER=42 + CN=Signing, O=Contoso"},
		{"quoted where it must be", pkix.RDNSequence{
			{attr("O", "Contoso, Inc.")}, {attr("OU", `the "A" team`)}, {attr("CN", " spaced ")}, {attr("L", "")},
		}, `L="", CN=" spaced ", OU="the ""A"" team", O="Contoso, Inc."`},
		{"e-mail, street and a type without a short name", pkix.RDNSequence{
			{attr("jurisdiction", "US")}, {attr("STREET", "1 Main St")}, {attr("E", "ca@contoso.com")},
		}, "E=ca@contoso.com, STREET=1 Main St, OID.1.3.6.1.4.1.311.60.2.1.3=US"},
		{"BMPString and T61String", pkix.RDNSequence{
			{attr("O", asn1.RawValue{Tag: bmpString, Bytes: []byte{0, 'M', 0, 0xfc}})},
			{attr("CN", asn1.RawValue{Tag: t61String, Bytes: []byte{'M', 0xfc}})},
		}, "CN=Mü, O=Mü"},
		{"UniversalString", pkix.RDNSequence{
			{attr("CN", asn1.RawValue{Tag: universalString, Bytes: []byte{0, 0, 0, 'M', 0, 1, 0xf6, 0x00}})},
		}, "CN=M\U0001f600"},
		{"what is not a string", pkix.RDNSequence{{attr("CN", 42)}}, "CN=#02012A"},
		{"empty", pkix.RDNSequence{}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			der, err := asn1.Marshal(test.dn)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Windows(der)
			if err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestWindowsRejectsWhatIsNoName(t *testing.T) {
	for _, der := range [][]byte{nil, {0x02, 0x01, 0x01}, {0x30, 0x00, 0x00}} {
		if got, err := Windows(der); err == nil {
			t.Errorf("% x: got %q, want an error", der, got)
		}
	}
}
