package wire_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/internal/wire"
)

// FuzzNextPath feeds links to what follows a listing: whatever they hold, the next request stays within the API version
// of the service.
func FuzzNextPath(f *testing.F) {
	const root, path = "https://graph.microsoft.com/beta", "/deviceAppManagement/enterpriseCodeSigningCertificates"
	for _, seed := range []string{
		"https://graph.microsoft.com/beta/deviceAppManagement/x?$skiptoken=a", "https://graph.microsoft.com/beta/../v1.0/x",
		"https://graph.microsoft.com/beta@evil.example/x", "https://graph.microsoft.com/beta/%2e%2e/x", "//evil.example/beta/", "",
		"https://graph.microsoft.com/beta/\\evil", "https://graph.microsoft.com/beta//evil.example", "https://graph.microsoft.com/beta/x#y",
		"?$skiptoken=a", "deviceAppManagement/enterpriseCodeSigningCertificates?$skip=1", "HTTPS://GRAPH.MICROSOFT.COM:443/Beta/x y",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, link string) {
		next, problem := wire.NextPath(root, path, link)
		if problem != "" {
			return
		}
		target, err := url.Parse(root + next)
		if err != nil {
			t.Fatalf("%q: %v", link, err)
		}
		if target.Scheme != "https" || target.Host != "graph.microsoft.com" || target.User != nil || !strings.HasPrefix(target.JoinPath().Path, "/beta/") {
			t.Errorf("%q leads to %s", link, target)
		}
	})
}
