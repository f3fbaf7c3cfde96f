package wire

import (
	"net/http"
	"slices"
	"strings"
)

// reservedHeaders are set by the library or net/http alone. The idempotency keys are among them because net/http repeats a
// POST that carries one, and Graph does not know them.
var reservedHeaders = []string{
	"Accept", "Accept-Encoding", "Authorization", "Client-Request-Id", "Connection", "Content-Encoding", "Content-Length",
	"Content-Type", "Expect", "Host", "Http2-Settings", "Idempotency-Key", "Keep-Alive", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "X-Idempotency-Key",
}

// IsReserved reports whether a header, by its canonical name, is set by the library alone.
func IsReserved(canonical string) bool { return slices.Contains(reservedHeaders, canonical) }

var jsonMediaType = []string{"application/json"}

// SetVisible sets the library's own headers except the token. Middleware sees them, but cannot change them.
func (t *Transport) SetVisible(header http.Header, a *Attempt) {
	header["Accept"] = jsonMediaType
	header["Client-Request-Id"] = []string{a.ClientRequestID}
	header["User-Agent"] = t.userAgent
	if a.Body != nil {
		header["Content-Type"] = jsonMediaType
	}
}

// header returns what is sent: the headers of the caller and the middleware that are not reserved, and the library's.
func (t *Transport) header(a *Attempt, given http.Header) http.Header {
	const own = 5 // as many as are set below
	header := make(http.Header, len(given)+own)
	for name, values := range given {
		if canonical := http.CanonicalHeaderKey(name); !IsReserved(canonical) {
			header[name] = values
		}
	}
	t.SetVisible(header, a)
	header["Authorization"] = a.Authorization
	return header
}

// IsMethod reports whether a name is that of an HTTP method. They are case-sensitive.
func IsMethod(name string) bool { return IsToken(name) && name == strings.ToUpper(name) }

// IsToken reports whether a name is a token of RFC 9110, section 5.6.2.
func IsToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
