package intunetest

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"time"
)

// TLSCertificate returns the certificate of [WithTLS], or nil without it. Programs in other languages must trust it as
// an authority.
func (s *Server) TLSCertificate() *x509.Certificate {
	if !s.config.TLS {
		return nil
	}
	return s.http.TLSConfig.Certificates[0].Leaf
}

// connect makes the certificate, and the client that can reach the server.
func (s *Server) connect() error {
	transport := &http.Transport{ForceAttemptHTTP2: true}
	memory, isMemory := s.config.listener.(*MemoryListener)
	if isMemory {
		transport.DialContext = memory.DialContext
	}
	if s.config.TLS {
		cert, err := newServerCertificate(s.config.Hosts)
		if err != nil {
			return fmt.Errorf("intunetest: %w", err)
		}
		s.http.TLSConfig = &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		}
		roots := x509.NewCertPool()
		roots.AddCert(cert.Leaf)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	if isMemory || s.config.TLS {
		s.httpClient = &http.Client{Transport: transport}
	}
	return nil
}

// newServerCertificate makes a self-signed certificate for loopback and these names and addresses.
func newServerCertificate(hosts []string) (tls.Certificate, error) {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "intunetest"},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:    now.Add(-24 * time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, host)
	}
	return sign(template, template)
}
