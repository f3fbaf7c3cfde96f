package intunetest

// This file hides the secrets of requests to Microsoft Entra ID, before they are recorded.

import (
	"net/http"
	"net/url"
)

var secretParameters = []string{
	"assertion", "client_assertion", "client_secret", "code", "code_verifier", "device_code", "password", "refresh_token",
}

// mask hides the secrets of a body, and all of one that cannot be read.
func mask(r *http.Request, body []byte, isEntra bool) []byte {
	if !isEntra || len(body) == 0 {
		return body
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !isMediaType(r, "application/x-www-form-urlencoded") {
		return []byte("***")
	}
	maskForm(form)
	return []byte(form.Encode())
}

// maskURL is the path and the query, in which no secret belongs, but one may be.
func maskURL(r *http.Request) string {
	if !isEntra(r.URL.Path) || r.URL.RawQuery == "" {
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
