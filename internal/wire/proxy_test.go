package wire

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestProxyThatDoesNotConnect: net/http's error would be no more than "Forbidden".
func TestProxyThatDoesNotConnect(t *testing.T) {
	for status, isFinal := range map[int]bool{403: true, 407: true, 400: true, 408: false, 429: false, 502: false, 503: false, 504: false} {
		var asked *http.Request
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r
			http.Error(w, "the-words-of-the-proxy", status)
		}))
		defer proxy.Close()
		address, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		host := address.Host
		address.User = url.UserPassword("an-employee", "the-password-that-must-not-show")
		own, foreign := NewTransport(), &http.Transport{Proxy: http.ProxyURL(address)}
		own.Proxy = http.ProxyURL(address)
		tr := New(Config{Origin: "https://graph.example", Client: &http.Client{Transport: own}})
		other := New(Config{Origin: "https://gateway.example:8443", Client: &http.Client{Transport: foreign}})
		_, ofGraph := attempt(t.Context(), tr, "https://graph.example", false)
		_, ofEntra := tr.TokenClient().Get("https://login.example/token") //nolint:noctx // a test
		_, ofOther := attempt(t.Context(), other, "https://gateway.example:8443", false)
		for service, err := range map[string]error{"graph.example:443": ofGraph, "login.example:443": ofEntra, "gateway.example:8443": ofOther} {
			var denied *ProxyError
			if !errors.As(err, &denied) || *denied != (ProxyError{host, service, status}) || IsFinal(err) != isFinal {
				t.Errorf("%s, %d: got %v", service, status, err)
				continue
			}
			if text := err.Error(); !strings.Contains(text, "the proxy "+host+" does not connect to "+service+": ") || strings.Contains(text, "must-not-show") || strings.Contains(text, "employee") {
				t.Errorf("%s, %d: got %q", service, status, text)
			}
		}
		if asked.Method != http.MethodConnect || asked.Header.Get("Proxy-Authorization") == "" {
			t.Errorf("the proxy was asked %s, %v", asked.Method, asked.Header)
		}
		tr.CloseIdleConnections()
	}
}

// TestProxyThatBreaksHTTP is named, and what it echoes of its password is not shown.
func TestProxyThatBreaksHTTP(t *testing.T) {
	const password = "the~password~that~must~not~show"
	basic := base64.StdEncoding.EncodeToString([]byte("an-employee:" + password))
	for response, want := range map[string]string{
		"":                            "through the proxy proxy.example:3128: ",
		"Basic " + basic + "\r\n\r\n": `through the proxy proxy.example:3128: malformed HTTP status code "***"`,
		"HTTP/1.1 200 OK\r\n" + password + "\r\n\r\n":                             `through the proxy proxy.example:3128: malformed MIME header: missing colon: "***"`,
		"HTTP/1.1 200 OK\r\nContent-Length: " + basic + "\r\n\r\n":                `through the proxy proxy.example:3128: bad Content-Length "***"`,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: negotiated~token\r\n\r\n":          `through the proxy proxy.example:3128: unsupported transfer encoding: "***"`,
		"HTTP/1.1 407 Proxy Authentication Required ( " + password + " )\r\n\r\n": "the proxy proxy.example:3128 does not connect to graph.example:443: 407 Proxy Authentication Required: ",
		"HTTP/1.1 407 Who are you?\r\n\r\n":                                       "the proxy proxy.example:3128",
		"HTTP/1.1 599 " + password + "\r\n\r\n":                                   "the proxy proxy.example:3128",
	} {
		own, foreign := NewTransport(), new(http.Transport)
		for _, transport := range []*http.Transport{own, foreign} {
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128", User: url.UserPassword("an-employee", password)})
			transport.ProxyConnectHeader = http.Header{"Proxy-Authorization": {"Negotiate negotiated~token"}}
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					_, _ = http.ReadRequest(bufio.NewReader(server))
					_, _ = io.WriteString(server, response)
					_ = server.Close()
				}()
				return client, nil
			}
			tr := New(Config{Origin: "https://graph.example", Client: &http.Client{Transport: transport}})
			_, ofGraph := attempt(t.Context(), tr, "https://graph.example", false)
			_, ofEntra := tr.TokenClient().Get("https://graph.example/token") //nolint:noctx // a test
			for _, err := range []error{ofGraph, ofEntra} {
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) || strings.Contains(err.Error(), basic) {
					t.Errorf("%q: got %v, want %s", response, err, want)
				}
			}
		}
	}
}

// TestProxyOfTheEnvironmentIsAURL: net/http goes without a proxy whose address it cannot parse, or looks up a part of the
// password.
func TestProxyOfTheEnvironmentIsAURL(t *testing.T) {
	variables := []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"}
	for _, variable := range variables {
		t.Setenv(variable, "")
	}
	for value, isGood := range map[string]bool{
		"": true, "http://proxy.example:3128": true, "proxy.example:3128": true, "http://user:p%40ss%23@proxy.example": true, "https://proxy.example/": true,
		"socks5://user:pass@[::1]:1080": true, "http://user:p@ss:word@proxy.example:3128": true, "user:pass@proxy.example:3128": true,
		"http://user:must-not-show#x@proxy.example:3128": false, "http://user:must-not-show/x@proxy.example:3128": false,
		"http://user:12/must-not-show@proxy.example:3128": false, "http://user:must-not-show?@proxy.example:3128": false,
		"http://user:must-not-show%zz@proxy.example:3128": false, `http://domain\user:must-not-show@proxy.example:3128`: false,
		"http://us#er:must-not-show@proxy.example": false, "http://user:must-not-show[@proxy.example": false,
		"user:must-not-show#@proxy.example:3128": false, "http://user:must not show@proxy.example": false, "http://": false,
		"http://proxy.example:must-not-show": false,
	} {
		for _, variable := range variables {
			t.Setenv(variable, value)
			for name, transport := range map[string]*http.Transport{
				"the default": nil, "NewTransport": NewTransport(), "net/http's": http.DefaultTransport.(*http.Transport).Clone(),
			} {
				config := Config{Origin: "https://graph.example"}
				if transport != nil {
					config.Client = &http.Client{Transport: transport}
				}
				got, problem := New(config).ProxyProblem()
				if (problem == "") != isGood || !isGood && got != variable && got != strings.ToUpper(variable) || strings.Contains(problem, "show") {
					t.Errorf("%s=%s with %s: got %s %s", variable, value, name, got, problem)
				}
			}
			other := NewTransport()
			other.Proxy = nil
			if _, problem := New(Config{Origin: "https://graph.example", Client: &http.Client{Transport: other}}).ProxyProblem(); problem != "" {
				t.Errorf("%s=%s with another proxy: got %s", variable, value, problem)
			}
			t.Setenv(variable, "")
		}
	}
}
