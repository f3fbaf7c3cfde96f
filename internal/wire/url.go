package wire

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// RootURL checks the root URL of a service and returns it without a trailing slash. problem says what is wrong with it.
func RootURL(raw string) (root, problem string) {
	parsed, err := url.Parse(raw)
	switch {
	case raw == "":
		return "", "is empty"
	case err != nil:
		return "", "is not a URL"
	case parsed.User != nil:
		return "", "holds user information"
	case parsed.RawQuery != "" || parsed.ForceQuery || strings.Contains(raw, "#"):
		return "", "has a query or a fragment"
	case parsed.Scheme == "" || parsed.Hostname() == "":
		return "", "is not an absolute URL: want https:// and a host"
	case parsed.Scheme != "https" && (parsed.Scheme != "http" || !isLoopback(parsed.Hostname())):
		return "", fmt.Sprintf("has the scheme %q: want https, or http on loopback", parsed.Scheme)
	case HasDotSegment(parsed.EscapedPath()):
		return "", "has a dot segment in its path"
	}
	parsed.Scheme, parsed.Host = strings.ToLower(parsed.Scheme), strings.ToLower(parsed.Host)
	return strings.TrimRight(parsed.String(), "/"), ""
}

// GraphRoot checks a root of Microsoft Graph, which has no version.
func GraphRoot(raw string) (root, problem string) {
	return rootWithout(raw, func(segment string) bool { return segment == "beta" || segment == "v1.0" },
		"includes the version %q, which WithAPIVersion sets: leave it out")
}

// tenant is a segment of a path that belongs behind the root of Microsoft Entra ID.
var tenant = regexp.MustCompile(`^(common|organizations|consumers|oauth2|.*\..*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// AuthorityRoot checks a root of Microsoft Entra ID, which has no tenant.
func AuthorityRoot(raw string) (root, problem string) {
	return rootWithout(raw, tenant.MatchString, "includes the tenant or endpoint %q: leave it out")
}

// rootWithout is RootURL for a root whose path must not have certain segments.
func rootWithout(raw string, isBad func(segment string) bool, problemFormat string) (root, problem string) {
	if root, problem = RootURL(raw); problem != "" {
		return "", problem
	}
	parsed, _ := url.Parse(root)
	for segment := range strings.SplitSeq(strings.ToLower(parsed.Path), "/") {
		if isBad(segment) {
			return "", fmt.Sprintf(problemFormat, segment)
		}
	}
	return root, ""
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// HasDotSegment reports whether an escaped path would leave its root once a server has unescaped it.
func HasDotSegment(path string) bool {
	unescaped, err := url.PathUnescape(path)
	if err != nil {
		return true
	}
	for segment := range strings.FieldsFuncSeq(unescaped, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
