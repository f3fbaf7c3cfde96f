package wire

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/redact"
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
		return "", "is not an absolute URL, such as https://HOST, or http://127.0.0.1:PORT on this machine"
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

// PathProblem returns what is wrong with a path relative to the API version, "" if nothing is.
func PathProblem(path string) string {
	beforeQuery, _, _ := strings.Cut(path, "?")
	segments := "/" + strings.TrimPrefix(beforeQuery, "/")
	_, err := url.Parse(path)
	switch {
	case strings.Contains(path, "#"):
		return "has a fragment"
	case strings.Contains(segments, "//"):
		return "is a URL or has an empty segment: want it relative to the API version"
	case HasDotSegment(segments):
		return "has a dot segment or is not escaped"
	case err != nil || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }):
		return "is not escaped"
	}
	return ""
}

// bare is what some services leave unescaped in a link: spaces and letters outside ASCII.
var bare = regexp.MustCompile(`[^\x00-\x1f!-\x7f]+`)

// origin returns the origin of a URL in the form in which origins can be compared.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// NextPath returns the path of a nextLink, relative to the root of an API version. A relative link begins at path, or at
// path's own root: OData resolves links by the context URL, if there is one.
func NextPath(root, path, link string) (next, problem string) {
	const longest = 64 << 10
	if len(link) > longest {
		return "", "is longer than 64 KiB"
	}
	within, _ := url.Parse(root + "/") // it has been checked
	base := within.JoinPath(path)
	if strings.HasPrefix(link, strings.TrimPrefix(path, "/")) {
		base = within
	}
	target, err := base.Parse(bare.ReplaceAllStringFunc(link, url.PathEscape))
	switch {
	case err != nil:
		return "", "is not a URL"
	case origin(target) != origin(within):
		return "", fmt.Sprintf("leads to %s, not to %s: a reverse proxy that does not pass the Host header causes this", redact.Line(origin(target)), origin(within))
	}
	escaped, rest := target.EscapedPath(), ""
	if n := len(within.EscapedPath()); len(escaped) >= n && strings.EqualFold(escaped[:n], within.EscapedPath()) {
		rest = escaped[n:]
	}
	if target.RawQuery != "" {
		rest += "?" + target.RawQuery
	}
	if rest == "" || target.User != nil {
		return "", "leads outside the API version"
	}
	return "/" + rest, PathProblem(rest)
}
