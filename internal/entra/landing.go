package entra

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// landingPage receives the browser of a person who signs in: a page on this machine to which the authorization endpoint
// redirects (RFC 8252, section 7.3).
type landingPage struct {
	url   string // the redirect URI
	state string // the state parameter, by which the page recognizes its own sign-in

	received atomic.Bool // set by the first response
	response chan url.Values
	server   *http.Server
	done     chan struct{} // closed when the server has stopped
}

const (
	// patience is how long a sign-in may take: as long as with a device code.
	patience = 15 * time.Minute

	readHeaderTimeout = 10 * time.Second
)

// errNoResponse reports that the browser has not returned. Microsoft Entra ID shows some errors without redirecting.
var errNoResponse = errors.New("the browser did not return: if it shows an error, check the tenant id, the client id and the redirect URI")

// openLandingPage opens the page on a free port of this machine. It stays open until close.
func openLandingPage(ctx context.Context) (*landingPage, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of TCP
	// Microsoft Entra ID ignores the port of a redirect URI only if the host is localhost.
	p := &landingPage{url: fmt.Sprint("http://localhost:", port), state: rand.Text(), response: make(chan url.Values, 1), done: make(chan struct{})}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: readHeaderTimeout}
	go func() {
		defer close(p.done)
		_ = p.server.Serve(listener)
	}()
	return p, nil
}

// wait returns the parameters with which the browser came back: code, or error and error_description. It waits for 15
// minutes at most.
func (p *landingPage) wait(ctx context.Context) (url.Values, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case response := <-p.response:
		return response, nil
	case <-timer.C:
		return nil, errNoResponse
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errNoResponse, ctx.Err())
	}
}

// close closes the page and its connections.
func (p *landingPage) close() {
	_ = p.server.Close()
	<-p.done
}

// ServeHTTP accepts the first response to this sign-in and rejects every other request.
func (p *landingPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	response := r.URL.Query()
	hasResult := response.Get("code") != "" || response.Get("error") != ""
	if r.Method != http.MethodGet || r.URL.Path != "/" || response.Get("state") != p.state || !hasResult ||
		!p.received.CompareAndSwap(false, true) {
		http.Error(w, "This is not the response to the sign-in in progress.", http.StatusBadRequest)
		return
	}
	page := "You are signed in. You can close this window."
	if response.Get("code") == "" {
		page = "You are not signed in. The program says why. You can close this window."
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.Header().Set("Connection", "close")
	_, _ = io.WriteString(w, page)
	_ = http.NewResponseController(w).Flush() // close may follow as soon as wait has the response
	p.response <- response
}
