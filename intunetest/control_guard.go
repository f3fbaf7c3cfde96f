package intunetest

// This file keeps other websites from the control API, and says how its responses look.

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
)

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
		case origin != "" && !strings.EqualFold(origin, s.scheme()+"://"+r.Host), site == "cross-site", site == "same-site":
			replyError(w, http.StatusForbidden, "pages of other origins may not use the emulator")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isOwnHost reports whether a request is addressed to this server by an address of its own, by localhost, or by one of
// Config.Hosts: not by a name that somebody else's DNS has for that address.
func (s *Server) isOwnHost(r *http.Request) bool {
	name, port := s.splitHost(r.Host)
	if slices.ContainsFunc(s.config.Hosts, func(host string) bool { return strings.EqualFold(host, name) }) {
		return true
	}
	local := s.addr()
	if addr, isTCP := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); isTCP {
		local = addr.String()
	}
	ownName, ownPort := s.splitHost(local)
	ip := net.ParseIP(name)
	isOwn := strings.EqualFold(name, "localhost") || ip.IsLoopback() || ip != nil && ip.Equal(net.ParseIP(ownName))
	return isOwn && port == ownPort
}

// splitHost divides a host into its name or address and its port, which may be left out if it is the scheme's.
func (s *Server) splitHost(host string) (name, port string) {
	if name, port, err := net.SplitHostPort(host); err == nil {
		return name, port
	}
	return strings.Trim(host, "[]"), map[string]string{"http": "80", "https": "443"}[s.scheme()]
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
