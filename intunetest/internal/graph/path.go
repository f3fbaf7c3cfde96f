package graph

// This file reads the path of a request. Graph ignores case in paths:
// https://learn.microsoft.com/graph/traverse-the-graph.

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

const (
	singleton  = "deviceAppManagement"
	collection = "enterpriseCodeSigningCertificates"
)

// resource is what the path of a request names.
type resource struct {
	version string
	kind    resourceKind
	id      string // of an item
}

type resourceKind int

const (
	all   resourceKind = iota // the collection
	count                     // how many it holds
	item                      // one of it
)

// isBatch reports whether the request is a JSON batch.
func isBatch(r *http.Request) bool {
	segments := split(r.URL)
	return r.Method == http.MethodPost && len(segments) == 2 && isVersion(segments[0]) && strings.EqualFold(segments[1], "$batch")
}

func isVersion(segment string) bool {
	return slices.Contains([]string{"beta", "v1.0"}, strings.ToLower(segment))
}

// split returns the segments of a path, unescaped. One slash at the end is ignored.
func split(u *url.URL) []string {
	path := strings.TrimSuffix(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if unescaped, err := url.PathUnescape(segment); err == nil {
			segments[i] = unescaped
		}
	}
	return segments
}

// locate finds the resource that the path names.
func (s *Server) locate(c *call) (rejection *exchange.Response) {
	segments := split(c.URL)
	if !isVersion(segments[0]) {
		return c.fail(http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("Invalid version: '%s'.", segments[0]))
	}
	c.resource.version = strings.ToLower(segments[0])
	segments = append(segments, make([]string, max(0, 3-len(segments)))...) // what a short path lacks is ""
	name, key, hasKey := cutKey(segments[2])
	switch {
	case !s.isNamed(segments[1], singleton):
		return c.noSegment(segments[1])
	case !s.isNamed(name, collection):
		return c.noSegment(name)
	}
	rest := segments[3:]
	if hasKey {
		rest = slices.Insert(rest, 0, key)
	}
	switch {
	case len(rest) == 0:
		return nil
	case len(rest) == 1 && strings.EqualFold(rest[0], "$count") && !hasKey:
		c.resource.kind = count
		return nil
	case len(rest) == 1 && rest[0] != "":
		c.resource.kind, c.resource.id = item, rest[0]
		return nil
	}
	return c.noSegment(rest[min(1, len(rest)-1)])
}

// isNamed compares a segment with a name.
func (s *Server) isNamed(segment, name string) bool {
	return segment == name || !s.config.Strict && strings.EqualFold(segment, name)
}

// cutKey takes the key in parentheses from a segment such as name('id').
func cutKey(segment string) (name, key string, found bool) {
	name, rest, found := strings.Cut(segment, "('")
	key, closed := strings.CutSuffix(rest, "')")
	if !found || !closed {
		return segment, "", false
	}
	return name, strings.ReplaceAll(key, "''", "'"), true
}

// noSegment is the response for a path with a segment that does not exist.
func (c *call) noSegment(segment string) *exchange.Response {
	return c.fail(http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", segment))
}
