package codesign

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
)

// SerialNumber returns the serial number of Leaf as certutil shows it: its bytes in lower-case hexadecimal. Negative
// numbers, which makecert and Visual Studio create, are in two's complement: -2 is fe.
func (c *Certificate) SerialNumber() string { return hex.EncodeToString(serialOctets(c.Leaf)) }

// serialOctets returns the serial number in two's complement, in as few octets as possible.
func serialOctets(cert *x509.Certificate) []byte {
	var serial asn1.RawValue
	der, _ := asn1.Marshal(cert.SerialNumber)
	_, _ = asn1.Unmarshal(der, &serial)
	return serial.Bytes
}

// minimal leaves out leading octets that say nothing.
func minimal(octets []byte) []byte {
	for len(octets) > 1 && (octets[0] == 0 && octets[1] < 0x80 || octets[0] == 0xff && octets[1] >= 0x80) {
		octets = octets[1:]
	}
	return octets
}
