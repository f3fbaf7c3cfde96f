package wire

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/advice"
	"github.com/seed-230b9595/intune-go/internal/redact"
)

// This file has the errors of connecting that need an explanation: those of a proxy, and of an unknown authority.

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

// Explain adds to an error of the network what to do about it, if that is known and not said yet.
func Explain(err error) error {
	if !isUnknownAuthority(err) || errors.As(err, new(*advice.Error)) {
		return err
	}
	return advice.To(err, "for a private authority, use WithHTTPClient with a transport whose TLSClientConfig.RootCAs contains it")
}

// ProxyError is the response of a proxy that does not connect to the service.
type ProxyError struct {
	Proxy   string // its host, without user name and password
	Service string // host and port to which it was to connect
	Status  int
}

// Error names the proxy, its status, and what to do.
func (e *ProxyError) Error() string {
	text := fmt.Sprintf("the proxy %s does not connect to %s: %d", e.Proxy, e.Service, e.Status)
	if known := http.StatusText(e.Status); known != "" {
		text += " " + known
	}
	switch e.Status {
	case http.StatusForbidden:
		text += ": allow this address at the proxy"
	case http.StatusProxyAuthRequired:
		text += ": the proxy requires a user name and a password: set them in HTTPS_PROXY or in the transport's Proxy"
	}
	return text
}

// isFinal reports whether the proxy has decided, rather than failed.
func (e *ProxyError) isFinal() bool {
	return e.Status/100 == 4 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// explainProxy names the proxy in an error of net/http's own transport, and hides its password, which a proxy may echo.
func explainProxy(base *http.Transport, req *http.Request, err error) error {
	if base.Proxy == nil || req.URL.Scheme != "https" {
		return err
	}
	proxy, _ := base.Proxy(req)
	if proxy == nil || errors.As(err, new(*ProxyError)) || req.Context().Err() != nil && errors.Is(err, req.Context().Err()) {
		return err
	}
	if status := statusIn(err); status != 0 && base.OnProxyConnectResponse == nil {
		return &ProxyError{Proxy: proxy.Host, Service: net.JoinHostPort(req.URL.Hostname(), cmp.Or(req.URL.Port(), "443")), Status: status}
	}
	if shown := proxySecrets(base, proxy).Text(err.Error()); shown != err.Error() {
		err = errors.New(shown)
	}
	return fmt.Errorf("through the proxy %s: %w", proxy.Host, err)
}

// statusIn returns the status with which a proxy has rejected a connection. All that a transport without
// onProxyConnectResponse says of it is the text of the status, to which some proxies add. It returns 0 for other errors.
func statusIn(err error) int {
	for status := http.StatusBadRequest; status < 600; status++ {
		if text := http.StatusText(status); text != "" && strings.HasPrefix(err.Error()+" ", text+" ") {
			return status
		}
	}
	return 0
}

// proxySecrets are those that net/http sends to the proxy.
func proxySecrets(base *http.Transport, proxy *url.URL) redact.Mask {
	password, _ := proxy.User.Password()
	basic := base64.StdEncoding.EncodeToString([]byte(proxy.User.Username() + ":" + password))
	return redact.New(append(base.ProxyConnectHeader.Values("Proxy-Authorization"), password, basic)...)
}

// onProxyConnectResponse replaces net/http's error, which is no more than the text of the status.
func onProxyConnectResponse(_ context.Context, proxy *url.URL, req *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: proxy.Host, Service: req.URL.Opaque, Status: resp.StatusCode}
}

// ProxyProblem returns an environment variable that names no proxy, and what is wrong with it; "" if the transport does not
// use them. net/http would ignore it and connect directly, or take a part of the password for the proxy's host.
func (t *Transport) ProxyProblem() (variable, problem string) {
	base, isNetHTTP := t.base.(*http.Transport)
	if !isNetHTTP || reflect.ValueOf(base.Proxy).Pointer() != reflect.ValueOf(http.ProxyFromEnvironment).Pointer() {
		return "", ""
	}
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if value := os.Getenv(variable); value != "" && !isProxy(value) {
			return variable, "is not a URL: percent-encode the special characters of its user name and password"
		}
	}
	return "", ""
}

// isProxy reports whether net/http understands all of a proxy's address, whose scheme may be missing. An @ behind the host
// means that the password holds a character that ends it.
func isProxy(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	proxy, err := url.Parse(value)
	return err == nil && proxy.Hostname() != "" && !strings.Contains(proxy.Path+proxy.RawQuery+proxy.Fragment, "@")
}
