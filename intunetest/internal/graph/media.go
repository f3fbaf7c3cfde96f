package graph

// This file decides on encodings and media types, of the request's body and of the response.

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// MaxBody is how much of a request's body Graph takes, before and after decompression.
const MaxBody = 4 << 20

// metadata is how much control information a response carries.
type metadata string

const (
	metadataNone    metadata = "none"
	metadataMinimal metadata = "minimal"
	metadataFull    metadata = "full"
)

// decode decompresses the body, and removes a byte-order mark. Microsoft's kiota-based SDKs send gzip by default, and plain
// text only after a 415.
func (c *call) decode() (rejection *exchange.Response) {
	switch encoding := strings.ToLower(strings.TrimSpace(c.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip":
		reader, err := gzip.NewReader(bytes.NewReader(c.body))
		if err == nil {
			c.body, err = io.ReadAll(io.LimitReader(reader, MaxBody+1))
		}
		if err != nil {
			return c.badRequest(errPayload)
		}
		if len(c.body) > MaxBody {
			return BodyUnreadable(c.ids)
		}
	default:
		return c.fail(http.StatusUnsupportedMediaType, "UnsupportedMediaType", fmt.Sprintf("The content encoding '%s' is not supported.", encoding))
	}
	c.body = bytes.TrimPrefix(c.body, []byte("\xef\xbb\xbf"))
	return nil
}

// wantJSON checks the Content-Type of a body.
func (c *call) wantJSON() (rejection *exchange.Response) {
	if exchange.IsMediaType(c.Header, "application/json") {
		return nil
	}
	return c.badRequest(errPayload)
}

// negotiate finds the level of metadata that the client wants.
func (c *call) negotiate() {
	c.metadata = metadataMinimal
	parameters, _ := exchange.Accepts(c.Header, "Accept", "application/json")
	for _, name := range []string{"odata.metadata", "metadata", "odata"} {
		switch level := metadata(strings.ToLower(parameters[name])); level {
		case metadataNone, metadataFull:
			c.metadata = level
		}
	}
}

// json is a response with an object or a page.
func (c *call) json(status int, value any) *exchange.Response {
	response := exchange.JSON(status, value)
	response.ContentType = "application/json;odata.metadata=" + string(c.metadata) +
		";odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
	return response
}
