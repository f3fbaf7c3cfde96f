package entra

// This file hides the secrets of requests to Microsoft Entra ID, before they are recorded.

import (
	"net/http"
	"net/url"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

var secretParameters = []string{
	"assertion", "client_assertion", "client_secret", "code", "code_verifier", "device_code", "password", "refresh_token",
}

// Mask hides the secrets of a request's body. If the body cannot be read, it hides all of it.
func Mask(r *http.Request, body []byte) []byte {
	if len(body) == 0 {
		return body
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !exchange.IsMediaType(r.Header, "application/x-www-form-urlencoded") {
		return []byte("***")
	}
	maskForm(form)
	return []byte(form.Encode())
}

// MaskURL returns the path and the query of a request. No secret belongs there, but one may be.
func MaskURL(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return r.URL.RequestURI()
	}
	masked := *r.URL
	masked.RawQuery = "***"
	if query, err := url.ParseQuery(r.URL.RawQuery); err == nil {
		maskForm(query)
		masked.RawQuery = query.Encode()
	}
	return masked.RequestURI()
}

func maskForm(form url.Values) {
	for _, name := range secretParameters {
		if form.Has(name) {
			form.Set(name, "***")
		}
	}
}
