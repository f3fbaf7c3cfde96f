package intune_test

import (
	"errors"
	"net/http"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
)

func TestRootsThatAreAccepted(t *testing.T) {
	for root, want := range map[string]string{
		"https://graph.example.com":         "https://graph.example.com/beta/x",
		"HTTPS://GRAPH.example.com/":        "https://graph.example.com/beta/x",
		"https://gateway.example.com/graph": "https://gateway.example.com/graph/beta/x",
		"http://127.0.0.1:8080":             "http://127.0.0.1:8080/beta/x",
		"http://127.8.9.10":                 "http://127.8.9.10/beta/x",
		"http://[::1]:8080/":                "http://[::1]:8080/beta/x",
		"http://localhost":                  "http://localhost/beta/x",
	} {
		w := newWire(t, reply(http.StatusOK, "{}"))
		if err := w.client(intune.WithBaseURL(root)).Do(t.Context(), "GET", "/x", nil, nil); err != nil {
			t.Errorf("%s: %v", root, err)
		} else if got := w.requests[0].URL.String(); got != want {
			t.Errorf("%s: got %s, want %s", root, got, want)
		}
	}
}

// TestIDsAreOneSegmentOfThePath sends ids that somebody might take for more than that, and looks at the wire.
func TestIDsAreOneSegmentOfThePath(t *testing.T) {
	for id, want := range map[string]string{
		anID: anID, "a b": "a%20b", "a%2Fb": "a%252Fb", "a?b": "a%3Fb", "a#b": "a%23b", "ä": "%C3%A4", "a.b": "a.b", "...": "...", "%": "%25",
		"a;b=c": "a%3Bb=c", "..a": "..a", "$value": "$value",
	} {
		w := newWire(t, reply(200, created), reply(204, ""), reply(200, created))
		s := certificates(w)
		_, getErr := s.Get(t.Context(), id)
		deleteErr := s.Delete(t.Context(), id)
		_, updateErr := s.Update(t.Context(), id, &intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}})
		if err := errors.Join(getErr, deleteErr, updateErr); err != nil {
			t.Errorf("%q: %v", id, err)
			continue
		}
		for _, req := range w.requests {
			if got := req.URL.EscapedPath(); got != "/beta"+path+"/"+want || req.URL.RawQuery != "" {
				t.Errorf("%q: sent %s", id, req.URL)
			}
		}
	}
	for _, id := range []string{"", ".", "..", "/", "a/b", "../x", `a\b`, "a\nb", "a\x00b", "\x7f", "a\u0085b"} {
		w := newWire(t)
		s := certificates(w)
		_, getErr := s.Get(t.Context(), id)
		_, updateErr := s.Update(t.Context(), id, &intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}})
		for _, err := range []error{getErr, updateErr, s.Delete(t.Context(), id)} {
			errorAs[*intune.InputError](t, err)
		}
		if len(w.requests) > 0 {
			t.Errorf("%q: something was sent", id)
		}
	}
}
