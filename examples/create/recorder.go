package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"regexp"
	"strings"
	"sync"
)

// recorder is a transport that keeps the last request to Microsoft Graph as it goes over the wire, but for its token.
type recorder struct {
	mu   sync.Mutex
	url  string
	dump []byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodPost || !strings.Contains(req.URL.Path, "/deviceAppManagement/") {
		return http.DefaultTransport.RoundTrip(req) // of a request for a token, the body is the secret
	}
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, err
	}
	shown := req.Clone(context.Background()) // whose hooks would take the dump for the real thing
	shown.Body = io.NopCloser(bytes.NewReader(body))
	shown.Header.Set("Authorization", "Bearer ***")
	dump, err := httputil.DumpRequestOut(shown, true)
	if err != nil {
		return nil, err
	}
	sent := req.Clone(req.Context())
	sent.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := http.DefaultTransport.RoundTrip(sent)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.url, r.dump = req.URL.String(), dump
	}
	return resp, err
}

// content is the base64 of the certificate, of which print shows the ends.
var content = regexp.MustCompile(`"content":"([^"]{24})[^"]*([^"]{12})"`)

// print shows the request, indented.
func (r *recorder) print(out io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dump == nil {
		return
	}
	fmt.Fprintf(out, "Sent to %s\n", r.url)
	for line := range strings.Lines(content.ReplaceAllString(string(r.dump), `"content":"$1…$2"`)) {
		fmt.Fprintf(out, "  %s\n", strings.TrimRight(line, "\r\n"))
	}
	fmt.Fprintln(out)
}
