package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"os"
	"regexp"
	"strings"
	"sync"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// connect returns a client for the real service where AZURE_* is set, else for an emulator in this process.
func connect(opts *options, wire *recorder, out io.Writer) (client *intune.Client, closeTarget func(), err error) {
	clientOptions := []intune.Option{
		intune.WithAPIVersion(opts.version), intune.WithCloud(opts.cloud),
		intune.WithHTTPClient(&http.Client{Transport: wire}), intune.WithUserAgent("intune-go-example/create"),
	}
	if opts.emulator || !environmentIsSet() {
		server, err := intunetest.Start()
		if err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(out, "Using an emulator at %s; set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET for the real service.\n\n", server.URL())
		return server.Client(clientOptions...), server.Close, nil
	}
	cred, err := intune.EnvironmentCredential()
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("%w; -emulator does without", err)}
	}
	client, err = intune.NewClient(cred, clientOptions...)
	if err != nil {
		return nil, nil, usageError{err}
	}
	if opts.file == "" {
		return nil, nil, usageError{errors.New("the real service needs -file: what is made on the spot is no use there; -emulator does without")}
	}
	if opts.json {
		out = os.Stderr
	}
	fmt.Fprintf(out, "Using the REAL service, cloud %s: the certificate goes to the tenant %s.\n", opts.cloud, os.Getenv("AZURE_TENANT_ID"))
	return client, func() {}, nil
}

func environmentIsSet() bool {
	for _, name := range []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

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
