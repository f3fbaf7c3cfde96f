package intune

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Cloud is one of Microsoft's clouds: where its Microsoft Graph and its Microsoft Entra ID are. A token of one cloud
// is not valid in another. See https://learn.microsoft.com/graph/deployments.
type Cloud struct {
	name, graphURL, authorityURL string
}

// The clouds that Intune runs in. GCC, the government's moderate tier, is part of CloudPublic.
var (
	CloudPublic         = Cloud{"Public", "https://graph.microsoft.com", "https://login.microsoftonline.com"}
	CloudUSGovernmentL4 = Cloud{"USGovernmentL4", "https://graph.microsoft.us", "https://login.microsoftonline.us"}
	CloudUSGovernmentL5 = Cloud{"USGovernmentL5", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"}
	CloudChina          = Cloud{"China", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"}
)

// String returns the cloud's name, such as "USGovernmentL4".
func (c Cloud) String() string { return c.name }

// scope is what a token is asked for: all the permissions that the application has been granted.
func (c Cloud) scope() string { return c.graphURL + "/.default" }

// APIVersion is a version of Microsoft Graph.
type APIVersion string

// The versions of Microsoft Graph. Both have enterprise code-signing certificates.
const (
	APIVersionBeta APIVersion = "beta"
	APIVersionV1   APIVersion = "v1.0"
)

// rootURL checks the root URL of a service and returns it without a slash at its end.
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

// hasDotSegment says whether an escaped path would leave its root once somebody has unescaped it.
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
