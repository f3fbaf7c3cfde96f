package intune

// This file checks URLs and paths.

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/seed-230b9595/intune-go/internal/wire"
)

// checkedRoot checks a root URL and returns it without a trailing slash.
func checkedRoot(name, raw string, check func(string) (root, problem string)) (string, error) {
	root, problem := check(raw)
	if problem != "" {
		return "", &InputError{Name: name, Problem: problem}
	}
	return root, nil
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
