package intune_test

import (
	"encoding/json"
	"net/http"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
)

func TestDoSendsAndDecodes(t *testing.T) {
	w := newWire(t, reply(http.StatusAccepted, `{"name":"x"}`))
	var out struct{ Name string }
	err := w.client().Do(t.Context(), "PATCH", "deviceAppManagement/mobileApps/a%2Fb?$select=id%2Cname", map[string]int{"n": 1}, &out,
		intune.WithHeader("prefer", "include-unknown-enum-members"))
	if err != nil || out.Name != "x" {
		t.Fatalf("got %+v, %v", out, err)
	}
	req := w.requests[0]
	if got, want := req.URL.String(), "https://graph.microsoft.com/beta/deviceAppManagement/mobileApps/a%2Fb?$select=id%2Cname"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if req.Header.Get("Prefer") != "include-unknown-enum-members" || w.bodies[0] != `{"n":1}` || req.Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v, body %s", req.Header, w.bodies[0])
	}
}

func TestDoWithoutABodySendsNone(t *testing.T) {
	w := newWire(t, reply(http.StatusNoContent, ""))
	var out any
	if err := w.client().Do(t.Context(), "DELETE", path+"/1", nil, &out); err != nil || out != nil {
		t.Fatalf("got %v, %v", out, err)
	}
	if w.bodies[0] != "" || w.requests[0].Header.Get("Content-Type") != "" || w.requests[0].ContentLength != 0 {
		t.Errorf("body %q, headers %v", w.bodies[0], w.requests[0].Header)
	}
}

func TestDoRefusesBadInputBeforeAnythingIsSent(t *testing.T) {
	var out any
	tests := map[string]struct {
		method, path string
		body, out    any
		opts         []intune.RequestOption
	}{
		"no method":           {method: "", path: "/x"},
		"method with a space": {method: "GET /y", path: "/x"},
		"lower-case method":   {method: "get", path: "/x"},
		"a tunnel":            {method: "CONNECT", path: "/x"},
		"a trace":             {method: "TRACE", path: "/x"},
		"URL":                 {method: "GET", path: "https://graph.microsoft.com/beta/x"},
		"dot segment":         {method: "GET", path: "/x/../y"},
		"escaped dot segment": {method: "GET", path: "/x/%2E%2e/y"},
		"escaped slashes":     {method: "GET", path: "/x/a%2f..%2Fy"},
		"backslash":           {method: "GET", path: `/x\y`},
		"another host":        {method: "GET", path: "//evil.example/x"},
		"fragment":            {method: "GET", path: "/x#y"},
		"space":               {method: "GET", path: "/x y"},
		"line break":          {method: "GET", path: "/x\r\nHost: evil"},
		"not ASCII":           {method: "GET", path: "/é"},
		"bad escape":          {method: "GET", path: "/%zz"},
		"bad body":            {method: "POST", path: "/x", body: func() {}},
		"out not a pointer":   {method: "GET", path: "/x", out: struct{}{}},
		"out a nil pointer":   {method: "GET", path: "/x", out: (*string)(nil)},
		"header name":         {method: "GET", path: "/x", out: &out, opts: []intune.RequestOption{intune.WithHeader("a b", "c")}},
		"header value":        {method: "GET", path: "/x", out: &out, opts: []intune.RequestOption{intune.WithHeader("a", "b\r\nc: d")}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			err := w.client().Do(t.Context(), test.method, test.path, test.body, test.out, test.opts...)
			errorAs[*intune.InputError](t, err)
			if len(w.requests) > 0 {
				t.Error("a request was sent")
			}
		})
	}
}

func TestWithHeaderRefusesTheNamesThatAreOurs(t *testing.T) {
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Host",
		"Transfer-Encoding", "User-Agent", "client-request-id", "Idempotency-Key", "X-Idempotency-Key", "aCCept",
		"Expect", "Upgrade", "TE", "Trailer", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "HTTP2-Settings", "Cookie",
	} {
		err := newWire(t).client().Do(t.Context(), "GET", "/x", nil, nil, intune.WithHeader(name, "x"))
		errorAs[*intune.InputError](t, err)
	}
}

func TestDoDecodesIntoRawMessages(t *testing.T) {
	var out json.RawMessage
	if err := newWire(t, reply(http.StatusOK, `{"value":[]}`)).client().Do(t.Context(), "GET", path, nil, &out); err != nil || string(out) != `{"value":[]}` {
		t.Errorf("got %s, %v", out, err)
	}
}
