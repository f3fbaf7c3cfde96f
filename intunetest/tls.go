package intunetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"time"
)

// WithTLS serves https, with a certificate of the server's own for 127.0.0.1, ::1 and localhost. Client and HTTPClient
// trust it.
func WithTLS() ServerOption {
	return func(s *Server) { s.secure = true }
}

// TLSCertificate returns the certificate that WithTLS has made, nil without it.
func (s *Server) TLSCertificate() *x509.Certificate {
	if !s.secure {
		return nil
	}
	return s.http.TLSConfig.Certificates[0].Leaf
}

// HTTPClient returns a client that reaches the server, in memory too, and trusts its certificate.
func (s *Server) HTTPClient() *http.Client {
	if s.httpClient == nil {
		return new(http.Client)
	}
	return s.httpClient
}

// connect makes the certificate, and the client that it takes to reach the server.
func (s *Server) connect() error {
	transport := new(http.Transport)
	memory, isMemory := s.listener.(*MemoryListener)
	if isMemory {
		transport.DialContext = memory.DialContext
	}
	if s.secure {
		cert, err := newServerCertificate()
		if err != nil {
			return err
		}
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		roots := x509.NewCertPool()
		roots.AddCert(cert.Leaf)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	if isMemory || s.secure {
		s.httpClient = &http.Client{Transport: transport}
	}
	return nil
}

// serve speaks HTTP/1.1 alone, in which a fault can lose a connection: in HTTP/2 it would lose a stream.
func (s *Server) serve() error {
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	if s.secure {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(s.listener)
}

func (s *Server) scheme() string {
	if s.secure {
		return "https"
	}
	return "http"
}

// newServerCertificate makes a certificate that signs itself.
func newServerCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("intunetest: %w", err)
	}
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
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("intunetest: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("intunetest: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
