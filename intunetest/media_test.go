package intunetest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestContentTypeOfABodyIsJSON(t *testing.T) {
	w, item, _ := newExampleWire(t)
	w.wantStatus(w.send(http.MethodPost, certificates, minimal, "Content-Type: Application/JSON; charset=utf-8"), http.StatusCreated)
	for _, header := range []string{"Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Type:"} {
		for method, path := range map[string]string{http.MethodPost: certificates, http.MethodPatch: item, "post": "/beta/$batch"} {
			message := w.graphError(w.send(strings.ToUpper(method), path, minimal, header), http.StatusBadRequest, "BadRequest")
			if !strings.HasPrefix(message, "Unable to read JSON request payload. Please ensure Content-Type header is set") {
				t.Errorf("%s %s: the message is %q", method, header, message)
			}
		}
	}
	w.wantStored(2)
}

func TestMetadataIsAsMuchAsTheClientWants(t *testing.T) {
	w, item, _ := newExampleWire(t)
	for _, test := range []struct {
		path, accept        string
		level               string
		hasType, hasContext bool
	}{
		{item, "application/json", "minimal", false, true},
		{item, "application/json;odata.metadata=full", "full", true, true},
		{item, "text/html, application/json; ODATA.metadata=Full", "full", true, true},
		{item, "application/json;odata.metadata=none", "none", false, false},
	} {
		for _, path := range []string{test.path, strings.Replace(test.path, strings.Split(item, "/")[4], "", 1)} {
			a := w.send(http.MethodGet, path, "", "Accept: "+test.accept)
			w.wantStatus(a, http.StatusOK)
			hasType := strings.Contains(a.body, `"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate"`)
			hasContext := strings.Contains(a.body, `"@odata.context"`)
			if got := a.header.Get("Content-Type"); hasType != test.hasType || hasContext != test.hasContext ||
				!strings.HasPrefix(got, "application/json;odata.metadata="+test.level+";") {
				t.Errorf("%s, %s: got %s %s", path, test.accept, got, a.body)
			}
		}
	}
}

func compress(t *testing.T, text string) string {
	t.Helper()
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	if _, err := io.WriteString(writer, text); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return compressed.String()
}

func TestBodiesMayBeCompressed(t *testing.T) {
	w := newWire(t)
	compressed := compress(t, minimal)
	w.wantStatus(w.send(http.MethodPost, certificates, compressed, "Content-Encoding: GZIP"), http.StatusCreated)
	w.wantStatus(w.send(http.MethodPost, certificates, minimal, "Content-Encoding: identity"), http.StatusCreated)
	w.wantStored(2)
	for _, encoding := range []string{"deflate", "br", "gzip, gzip"} {
		a := w.send(http.MethodPost, certificates, compressed, "Content-Encoding: "+encoding)
		w.graphError(a, http.StatusUnsupportedMediaType, "UnsupportedMediaType")
	}
	for _, broken := range []string{"", minimal, compressed[:len(compressed)-1], compressed[:len(compressed)/2] + "x"} {
		w.graphError(w.send(http.MethodPost, certificates, broken, "Content-Encoding: gzip"), http.StatusBadRequest, "BadRequest")
	}
	bomb := compress(t, minimal+strings.Repeat(" ", 4<<20))
	w.graphError(w.send(http.MethodPost, certificates, bomb, "Content-Encoding: gzip"), http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
	w.wantStored(2)
}

func TestCreateTakesFourMiB(t *testing.T) {
	w := newWire(t)
	largest := minimal + strings.Repeat(" ", 4<<20-len(minimal))
	w.graphError(w.create(largest+" "), http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
	w.wantStored(0)
	w.wantStatus(w.create(largest), http.StatusCreated)
	w.wantStored(1)
}
