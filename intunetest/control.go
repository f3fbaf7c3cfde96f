package intunetest

// This file is the control API: what a test in Go does with a Server, for programs in other languages, as JSON over HTTP.
// It is kept from the pages of other websites.

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
	"github.com/seed-230b9595/intune-go/intunetest/internal/graph"
)

const controlPath = "/_emulator/"

// newControl returns the handler of the paths that begin with controlPath, and of the page for people. A request that
// succeeds without a result is responded to with a 204, one that fails with {"error": "…"}.
func (s *Server) newControl() http.Handler {
	mux := http.NewServeMux()
	for pattern, operation := range map[string]func(r *http.Request, body []byte) (result any, err error){
		"GET health":              shows(func() any { return map[string]string{"status": "ok"} }),
		"GET settings":            s.settings,
		"GET requests":            shows(func() any { return s.Requests() }),
		"DELETE requests":         does(s.ClearRequests),
		"GET faults":              shows(func() any { return s.Faults() }),
		"POST faults":             s.injectFaults,
		"DELETE faults":           does(s.ClearFaults),
		"GET certificates":        shows(func() any { return map[string]any{"value": s.Certificates()} }),
		"POST certificates":       func(_ *http.Request, body []byte) (any, error) { return s.graph.Add(body) },
		"DELETE certificates":     does(s.graph.RemoveAll),
		"PATCH certificates/{id}": func(r *http.Request, body []byte) (any, error) { return s.graph.Change(r.PathValue("id"), body) },
		"POST challenge":          s.challengeClaims,
		"POST devices/{code}":     s.decideDevice,
		"POST reset":              does(s.Reset),
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+controlPath+path, func(w http.ResponseWriter, r *http.Request) {
			var result any
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, graph.MaxBody))
			if err == nil {
				result, err = operation(r, body)
			}
			switch _, isMissing := errors.AsType[exchange.NotFoundError](err); {
			case isMissing:
				replyError(w, http.StatusNotFound, err.Error())
			case err != nil:
				replyError(w, http.StatusBadRequest, err.Error())
			case result == nil:
				w.WriteHeader(http.StatusNoContent)
			case method == http.MethodPost:
				reply(w, http.StatusCreated, result)
			default:
				reply(w, http.StatusOK, result)
			}
		})
	}
	mux.HandleFunc("/{$}", s.home)
	return s.guarded(mux)
}

func shows(get func() any) func(*http.Request, []byte) (any, error) {
	return func(*http.Request, []byte) (any, error) { return get(), nil }
}

func does(do func()) func(*http.Request, []byte) (any, error) {
	return func(*http.Request, []byte) (any, error) { do(); return nil, nil }
}

func (s *Server) settings(r *http.Request, _ []byte) (any, error) {
	root := exchange.Origin(r) // whose host guarded has checked, and by which the client reaches the server
	return map[string]string{
		"emulator": "intune-cert", "graphUrl": root, "authorityUrl": root,
		"tenantId": s.config.entra.TenantID, "clientId": s.config.entra.ClientID, "clientSecret": s.config.entra.ClientSecret,
	}, nil
}

// injectFaults takes one fault or an array.
func (s *Server) injectFaults(_ *http.Request, body []byte) (any, error) {
	var err error
	faults := make([]Fault, 1)
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		err = json.Unmarshal(body, &faults)
	} else {
		err = faults[0].UnmarshalJSON(body)
	}
	if err != nil {
		return nil, err
	}
	s.Inject(faults...)
	return s.Faults(), nil
}

func (s *Server) challengeClaims(_ *http.Request, body []byte) (any, error) {
	var claims string
	if err := readSettings(body, map[string]any{"claims": &claims}); err != nil {
		return nil, err
	}
	return nil, s.challenge(claims)
}

func (s *Server) decideDevice(r *http.Request, body []byte) (any, error) {
	var approve *bool
	var userName string
	if err := readSettings(body, map[string]any{"approve": &approve, "userName": &userName}); err != nil {
		return nil, err
	}
	if approve == nil {
		return nil, errors.New(`want {"approve": true} or {"approve": false}`)
	}
	return nil, s.entra.Decide(r.PathValue("code"), userName, *approve)
}

// guarded rejects what a page of another website makes a browser send. The control API needs no token, so nothing else
// would keep such a page from it. DNS rebinding shows in the Host header, everything else in Origin and Sec-Fetch-Site.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
		if r.URL.Path == "/" && r.Method == http.MethodGet {
			origin, site = "", "" // a link may lead to the page for people, which cannot be put into a frame
		}
		switch {
		case !s.isOwnHost(r):
			replyError(w, http.StatusForbidden, "the Host header does not name the emulator; the setting \"hosts\" adds names")
		case origin != "" && !strings.EqualFold(origin, exchange.Origin(r)), site == "cross-site", site == "same-site":
			replyError(w, http.StatusForbidden, "pages of other origins may not use the emulator")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isOwnHost reports whether a request is addressed to this server by an address of its own, by localhost, or by one of the
// hosts in the settings: not by a name that somebody else's DNS has for that address.
func (s *Server) isOwnHost(r *http.Request) bool {
	name := (&url.URL{Host: r.Host}).Hostname()
	ip := net.ParseIP(name)
	local, isTCP := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	isName := func(host string) bool { return strings.EqualFold(host, name) }
	return ip.IsLoopback() || isTCP && ip.Equal(local.IP) || isName("localhost") || slices.ContainsFunc(s.config.Hosts, isName)
}

// reply responds with JSON.
func reply(w http.ResponseWriter, status int, value any) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that has left needs no response
}

func replyError(w http.ResponseWriter, status int, text string) {
	reply(w, status, map[string]string{"error": text})
}
