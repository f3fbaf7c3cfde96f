package intunetest_test

// The examples of the reference pages, sent byte for byte, and what their responses have in common with the emulator's.
// See https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate?view=graph-rest-beta.

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// example is the request of https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-create.
const example = `{
  "@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate",
  "content": "Y29udGVudA==",
  "status": "provisioned",
  "subjectName": "Subject Name value",
  "subject": "Subject value",
  "issuerName": "Issuer Name value",
  "issuer": "Issuer value",
  "expirationDateTime": "2016-12-31T23:57:57.2481234-08:00",
  "uploadDateTime": "2016-12-31T23:58:46.5747426-08:00"
}`

// documentedObject is the object in every response of the reference pages. Their requests have it without the id.
var documentedObject = strings.Replace(example, "{\n", "{\n  \"id\": \"b20d3703-3703-b20d-0337-0db203370db2\",\n", 1)

// onPurpose are the members in which the emulator differs from every documented object.
var onPurpose = map[string]string{
	"@odata.type":    "recordings of Intune have it only if odata.metadata=full is accepted",
	"@odata.context": "OData sends it; the examples leave it out",
	"id":             "the service chooses it",
	"content":        `the resource page says: "set to null once certificate has been uploaded and other properties have been populated"`,
	"status":         "the service decides about it: notProvisioned at first, whatever the client sends",
}

// documented is a request as a page shows it. Only {id}, the host and the token are filled in.
type documented struct {
	request string
	status  int
	object  func(body map[string]any) any // the object in the response; nil if there is no body
}

var itself = func(body map[string]any) any { return body }

var documentedRequests = []documented{
	{"POST https://graph.microsoft.com/beta/deviceAppManagement/enterpriseCodeSigningCertificates\n" +
		"Content-type: application/json\nContent-length: 390\n\n" + example, http.StatusCreated, itself},
	// The page of this one wraps the object in {"value": …}. OData responds with the object itself.
	{"GET https://graph.microsoft.com/beta/deviceAppManagement/enterpriseCodeSigningCertificates/{id}\n\n", http.StatusOK, itself},
	{"GET https://graph.microsoft.com/beta/deviceAppManagement/enterpriseCodeSigningCertificates\n\n", http.StatusOK,
		func(body map[string]any) any { return body["value"].([]any)[0] }},
	{"PATCH https://graph.microsoft.com/beta/deviceAppManagement/enterpriseCodeSigningCertificates/{id}\n" +
		"Content-type: application/json\nContent-length: 390\n\n" + example, http.StatusOK, itself},
	{"DELETE https://graph.microsoft.com/beta/deviceAppManagement/enterpriseCodeSigningCertificates/{id}\n\n", http.StatusNoContent, nil},
}

// sendRaw sends a documented request on a connection of its own.
func (w *wire) sendRaw(request, id string) response {
	w.Helper()
	host := strings.TrimPrefix(w.server.URL(), "http://")
	head, body, _ := strings.Cut(request, "\n\n")
	line, headers, _ := strings.Cut(head, "\n")
	line = strings.ReplaceAll(strings.Replace(line, "https://graph.microsoft.com", "", 1), "{id}", id) + " HTTP/1.1"
	text := strings.TrimRight(line+"\n"+headers, "\n") + "\nHost: " + host + "\nAuthorization: Bearer " + w.token + "\nConnection: close"
	conn, err := net.Dial("tcp", host)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// The pages count a line break as two bytes.
	if _, err := io.WriteString(conn, strings.ReplaceAll(text+"\n\n"+body, "\n", "\r\n")); err != nil {
		w.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	read, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(read), err}
}

func TestExamplesOfTheReference(t *testing.T) {
	w := newWire(t)
	want := w.object(response{body: documentedObject})
	id, differs := "", make(map[string]bool)
	for _, page := range documentedRequests {
		a := w.sendRaw(page.request, id)
		w.wantStatus(a, page.status)
		if page.object == nil {
			continue
		}
		got := page.object(w.object(a)).(map[string]any)
		if id = got["id"].(string); !guid.MatchString(id) {
			t.Errorf("the id is %q, want a GUID", id)
		}
		members := maps.Clone(want)
		maps.Copy(members, got)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if reflect.DeepEqual(got[name], want[name]) {
				continue
			}
			differs[name] = true
			if onPurpose[name] == "" {
				t.Errorf("%s: %s is %v, documented is %v", page.request[:6], name, got[name], want[name])
			}
		}
	}
	w.wantStored(0)
	if sent := w.server.Requests()[1]; len(sent.Body) != 390 || sent.Header.Get("Content-Length") != "390" { // as on the page
		t.Errorf("sent %d bytes, %v", len(sent.Body), sent.Header)
	}
	for name := range onPurpose {
		if !differs[name] {
			t.Errorf("%s does not differ: the list is out of date", name)
		}
	}
}
