package wire

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// A silent HTTP/2 connection is pinged after pingAfter, and given up if no response comes within pingTimeout. Together
// they stay below 20 seconds.
const (
	pingAfter   = 10 * time.Second
	pingTimeout = 8 * time.Second
)

// isOwn reports whether a transport comes from NewTransport. Its pings say so, whatever else the user has changed, and also
// of a clone.
func isOwn(transport *http.Transport) bool {
	pings := transport.HTTP2
	return pings != nil && pings.SendPingTimeout == pingAfter && pings.PingTimeout == pingTimeout
}

// NewTransport returns a new transport with the library's settings.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: onProxyConnectResponse,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		WriteBufferSize:        16 << 10, // for a token and a certificate in one packet
	}
}
