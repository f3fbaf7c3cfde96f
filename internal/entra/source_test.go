package entra_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

// TestSourceWhoseRejectionPassesByItself: x/oauth2's sources meet the same endpoint.
func TestSourceWhoseRejectionPassesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, calls := time.Now(), 0
		source := entra.Source(sourceFunc(func() (*oauth2.Token, error) {
			if calls++; calls == 1 {
				return nil, &oauth2.RetrieveError{Response: &http.Response{StatusCode: 401}, ErrorCode: "invalid_client", ErrorDescription: "AADSTS7000215: Sorry."}
			}
			return &oauth2.Token{AccessToken: "t"}, nil
		}))
		if _, err := source.Token(t.Context(), entra.Request{}); err != nil || time.Since(began) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

// TestForeignRejectionShowsNoSecret, although nobody here knows what the source has sent.
func TestForeignRejectionShowsNoSecret(t *testing.T) {
	const secret = "abc8Q~0123456789abcdefghijklmnopqrst.-_x"
	source := entra.Source(sourceFunc(func() (*oauth2.Token, error) {
		return nil, &oauth2.RetrieveError{Response: &http.Response{StatusCode: 401}, Body: []byte(`{"error":"` + secret + `","error_description":"AADSTS1: ` + secret + ` is wrong. Trace ID: ` + secret + `"}`)}
	}))
	_, err := source.Token(t.Context(), entra.Request{})
	got := errorAs[*entra.Error](t, err)
	if want := (entra.Error{Code: "***", Description: "AADSTS1: *** is wrong.", AADSTS: 1, StatusCode: 401, TraceID: "***"}); *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}
