package intune

// This file checks URLs and paths.

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode"
)

// rootURL checks the root URL of a service and returns it without a trailing slash.
func rootURL(name, raw string) (string, error) {
	bad := func(problem string) (string, error) { return "", &InputError{Name: name, Problem: problem} }
	root, err := url.Parse(raw)
	switch {
	case raw == "":
		return bad("is empty")
	case err != nil:
		return bad("is not a URL")
	case root.User != nil:
		return bad("holds user information")
	case root.RawQuery != "" || root.ForceQuery || strings.Contains(raw, "#"):
		return bad("has a query or a fragment")
	case root.Scheme == "" || root.Hostname() == "":
		return bad("is not an absolute URL: want https:// and a host")
	case root.Scheme != "https" && (root.Scheme != "http" || !isLoopback(root.Hostname())):
		return bad(fmt.Sprintf("has the scheme %q: want https, or http on loopback", root.Scheme))
	case hasDotSegment(root.EscapedPath()):
		return bad("has a dot segment in its path")
	}
	root.Scheme, root.Host = strings.ToLower(root.Scheme), strings.ToLower(root.Host)
	return strings.TrimRight(root.String(), "/"), nil
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// hasDotSegment reports whether an escaped path would leave its root once a server has unescaped it.
func hasDotSegment(path string) bool {
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

// pathProblem returns what is wrong with a path relative to the API version, "" if nothing is.
func pathProblem(path string) string {
	segments := "/" + strings.TrimPrefix(withoutQuery(path), "/")
	_, err := url.Parse(path)
	switch {
	case strings.Contains(path, "#"):
		return "has a fragment"
	case strings.Contains(segments, "//"):
		return "is a URL or has an empty segment: want it relative to the API version"
	case hasDotSegment(segments):
		return "has a dot segment or is not escaped"
	case err != nil || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }):
		return "is not escaped"
	}
	return ""
}

func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

const certificatesPath = "/deviceAppManagement/enterpriseCodeSigningCertificates"

// certificatePath returns the path of one certificate. Ids are GUIDs, but any text is sent as one segment of the path,
// except what a server on the way could take for more than one.
func certificatePath(id string) (string, error) {
	switch {
	case id == "":
		return "", &InputError{Name: "id", Problem: "is empty"}
	case hasDotSegment(url.PathEscape(id)) || strings.ContainsAny(id, `/\`) || strings.ContainsFunc(id, unicode.IsControl):
		return "", &InputError{Name: "id", Problem: "holds a slash, a backslash or a control character, or is a dot segment"}
	}
	return certificatesPath + "/" + url.PathEscape(id), nil
}
