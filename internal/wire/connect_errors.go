package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// This file has the errors of the network that need an explanation.

// IsFinal reports whether no other attempt can succeed after an error of the network: the machine does not know the
// authority of the server's certificate, or a proxy denies the connection.
func IsFinal(err error) bool {
	if denied, ok := errors.AsType[*ProxyError](err); ok {
		return denied.isFinal()
	}
	return isUnknownAuthority(err)
}

func isUnknownAuthority(err error) bool {
	return errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.SystemRootsError))
}

// Explain adds to an error of the network what to do about it, if that is known.
func Explain(err error) error {
	if !isUnknownAuthority(err) {
		return err
	}
	return fmt.Errorf("%w: for a private authority, use WithHTTPClient with a transport whose TLSClientConfig.RootCAs contains it", err)
}

// ProxyError is the response of a proxy that does not connect to the service.
type ProxyError struct {
	Proxy   string // its host, without user name and password
	Service string // host and port to which it was to connect
	Status  int
}

// Error names the proxy, its status, and what to do.
func (e *ProxyError) Error() string {
	text := fmt.Sprintf("the proxy %s does not connect to %s: %d %s", e.Proxy, e.Service, e.Status, http.StatusText(e.Status))
	switch e.Status {
	case http.StatusForbidden:
		text += ": allow this address at the proxy"
	case http.StatusProxyAuthRequired:
		text += ": the proxy wants a user name and a password, in HTTPS_PROXY or in the Proxy of the transport"
	}
	return text
}

// isFinal reports whether the proxy has decided, rather than failed.
func (e *ProxyError) isFinal() bool {
	return e.Status/100 == 4 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// onProxyConnectResponse replaces net/http's error, which is no more than the text of the status.
func onProxyConnectResponse(_ context.Context, proxy *url.URL, req *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: proxy.Host, Service: req.URL.Opaque, Status: resp.StatusCode}
}
