package wire

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// pool is a transport from NewTransport. It can be replaced by its clone: over HTTP/2 there is no other way to a new
// connection while the old one is in use.
type pool struct {
	current atomic.Pointer[http.Transport]
}

func newPool(transport *http.Transport) *pool {
	p := new(pool)
	p.current.Store(transport)
	return p
}

// renew leaves the connections of stale, unless another request has done so already.
func (p *pool) renew(stale *http.Transport) {
	if p.current.CompareAndSwap(stale, stale.Clone()) {
		stale.CloseIdleConnections()
	}
}

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
