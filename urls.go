package intune

// This file checks URLs and paths.

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-230b9595/intune-go/internal/wire"
)

// graphRoot checks a root of Microsoft Graph and returns it without a trailing slash.
func graphRoot(name, raw string) (string, error) { return checkedRoot(name, raw, wire.GraphRoot) }

// authorityRoot checks a root of Microsoft Entra ID and returns it without a trailing slash.
func authorityRoot(name, raw string) (string, error) {
	return checkedRoot(name, raw, wire.AuthorityRoot)
}

func checkedRoot(name, raw string, check func(string) (root, problem string)) (string, error) {
	root, problem := check(raw)
	if problem != "" {
		return "", &InputError{Name: name, Problem: problem}
	}
	return root, nil
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
	case wire.HasDotSegment(segments):
		return "has a dot segment or is not escaped"
	case err != nil || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }):
		return "is not escaped"
	}
	return ""
}

// escapeBare escapes what some services leave as it is in a link: spaces and letters outside ASCII.
func escapeBare(link string) string {
	var out strings.Builder
	for _, c := range []byte(link) {
		if c == ' ' || c >= utf8.RuneSelf {
			fmt.Fprintf(&out, "%%%02X", c)
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}

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
	case wire.HasDotSegment(url.PathEscape(id)) || strings.ContainsAny(id, `/\`) || strings.ContainsFunc(id, unicode.IsControl):
		return "", &InputError{Name: "id", Problem: "holds a slash, a backslash or a control character, or is a dot segment"}
	}
	return certificatesPath + "/" + url.PathEscape(id), nil
}
