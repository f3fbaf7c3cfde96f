package intunetest

// This file sends responses: with the headers that both services have, compressed, and readable for pages in a browser.

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// exposed are the headers that a page in a browser may read.
const exposed = "ETag, Location, Preference-Applied, Content-Range, request-id, client-request-id, ReadWriteConsistencyToken, " +
	"Retry-After, SdkVersion, WWW-Authenticate, x-ms-client-gcc-tenant"

const diagnostic = `{"ServerInfo":{"DataCenter":"Emulator","Slice":"E","Ring":"1","ScaleUnit":"001","RoleInstance":"EM1"}}`

// isPreflight reports whether a browser asks what a page may send: https://fetch.spec.whatwg.org/#cors-preflight-request.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight allows everything.
func preflight(r *http.Request) *exchange.Response {
	response := &exchange.Response{Status: http.StatusOK}
	response.SetHeader("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS")
	if headers := r.Header.Get("Access-Control-Request-Headers"); headers != "" {
		response.SetHeader("Access-Control-Allow-Headers", headers)
	}
	response.SetHeader("Access-Control-Max-Age", "3600")
	return response
}

// respond sends a response. If it is cut, the connection is lost in the middle of the body.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, response *exchange.Response, ids exchange.IDs, isCut bool) {
	header := w.Header()
	for name, value := range map[string]string{
		"Date": s.now().Format(http.TimeFormat), "Vary": "Accept-Encoding", "client-request-id": ids.Client,
		"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": exposed,
	} {
		header.Set(name, value)
	}
	if entra.Serves(r.URL.Path) {
		header.Set("x-ms-request-id", ids.Request)
	} else {
		header.Set("request-id", ids.Request)
		header.Set("x-ms-ags-diagnostic", diagnostic)
	}
	if r.TLS != nil {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
	maps.Copy(header, response.Header)
	if response.Status == http.StatusSwitchingProtocols {
		s.switchProtocols(w)
		return
	}
	body := response.Body
	if _, accepts := exchange.Accepts(r.Header, "Accept-Encoding", "gzip", "*"); accepts && len(body) > 0 {
		header.Set("Content-Encoding", "gzip")
		body = compressed(body)
	}
	if response.Status != http.StatusNoContent {
		header.Set("Content-Type", response.ContentType)
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(response.Status)
	if isCut {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		loseAt(r, true)
	}
	_, _ = w.Write(body)
}

var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }} // each of which has large tables

func compressed(body []byte) []byte {
	var out bytes.Buffer
	writer, _ := writers.Get().(*gzip.Writer)
	defer writers.Put(writer)
	writer.Reset(&out)
	_, _ = writer.Write(body) // into memory
	_ = writer.Close()
	return out.Bytes()
}

// switchProtocols sends a 101 and then nothing, until the client or the server closes the connection.
func (s *Server) switchProtocols(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 has no 101
	}
	stop := context.AfterFunc(s.ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	_, _ = io.Copy(io.Discard, conn)
}
