package intune

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzNextLink feeds links to what follows a listing: whatever they hold, the next request stays within the API version
// of the service.
func FuzzNextLink(f *testing.F) {
	for _, seed := range []string{
		"https://graph.microsoft.com/beta/deviceAppManagement/x?$skiptoken=a", "https://graph.microsoft.com/beta/../v1.0/x",
		"https://graph.microsoft.com/beta@evil.example/x", "https://graph.microsoft.com/beta/%2e%2e/x", "//evil.example/beta/", "",
		"https://graph.microsoft.com/beta/\\evil", "https://graph.microsoft.com/beta//evil.example", "https://graph.microsoft.com/beta/x#y",
	} {
		f.Add(seed)
	}
	client, err := NewClient(ClientSecretCredential("t", "c", "s"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, link string) {
		path, err := client.nextPath(link)
		if err != nil {
			return
		}
		target, err := url.Parse(client.pipeline.root + path)
		if err != nil {
			t.Fatalf("%q: %v", link, err)
		}
		if target.Scheme != "https" || target.Host != "graph.microsoft.com" || target.User != nil ||
			!strings.HasPrefix(target.JoinPath().Path, "/beta/") {
			t.Errorf("%q leads to %s", link, target)
		}
	})
}
