package intunetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	batchPath = "/beta/$batch"
	relative  = "/deviceAppManagement/enterpriseCodeSigningCertificates"
)

type item = map[string]any

// batchOf sends requests in one batch and returns the responses by id.
func (w *wire) batchOf(requests ...item) map[string]item {
	w.Helper()
	a := w.sendBatch(requests...)
	w.wantStatus(a, http.StatusOK)
	var got struct{ Responses []item }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		w.Fatal(err)
	}
	responses := make(map[string]item)
	for _, response := range got.Responses {
		responses[response["id"].(string)] = response
	}
	if len(got.Responses) != len(requests) || len(responses) != len(requests) {
		w.Fatalf("got %d responses, want %d: %s", len(got.Responses), len(requests), a.body)
	}
	return responses
}

// wantBatch checks statuses by id.
func (w *wire) wantBatch(got map[string]item, statuses map[string]float64) {
	w.Helper()
	for id, status := range statuses {
		if got[id]["status"] != status {
			w.Errorf("%s: got %v, want %v", id, got[id], status)
		}
	}
}

func (w *wire) sendBatch(requests ...item) response {
	w.Helper()
	body, err := json.Marshal(item{"requests": requests})
	if err != nil {
		w.Fatal(err)
	}
	return w.send(http.MethodPost, batchPath, string(body))
}

func upload(id string, dependsOn ...string) item {
	request := item{
		"id": id, "method": "POST", "url": relative, "headers": item{"content-type": "application/json"}, "body": item{"subject": "CN=" + id},
	}
	if dependsOn != nil {
		request["dependsOn"] = dependsOn
	}
	return request
}

func TestBatchCarriesOutEachRequest(t *testing.T) {
	w := newWire(t)
	got := w.batchOf(
		item{"id": "list", "method": "get", "url": strings.ToUpper(relative) + "?$select=subject&$count=true", "dependsOn": []string{"B", "A"}},
		item{"id": "count", "method": "GET", "url": relative + "/$count", "dependsOn": []string{"list"}},
		upload("A"), upload("B", "A"),
		item{"id": "missing", "method": "DELETE", "url": strings.TrimPrefix(relative, "/") + "/missing", "headers": item{"client-request-id": "own"}},
	)
	w.wantBatch(got, map[string]float64{"A": 201, "B": 201, "list": 200, "count": 200, "missing": 404})
	created := got["A"]["body"].(item)
	headers := got["A"]["headers"].(item)
	if created["subject"] != "CN=A" || created["@odata.context"] != w.server.URL()+"/beta/$metadata#deviceAppManagement/enterpriseCodeSigningCertificates/$entity" {
		t.Errorf("created %v", created)
	}
	if contentType, _ := headers["Content-Type"].(string); !strings.HasPrefix(contentType, "application/json") || !guid.MatchString(headers["request-id"].(string)) {
		t.Errorf("the headers are %v", headers)
	}
	if list := got["list"]["body"].(item); list["@odata.count"] != 2.0 || len(list["value"].([]any)) != 2 {
		t.Errorf("listed %v", list)
	}
	if got["count"]["body"] != "2" {
		t.Errorf("counted %v", got["count"])
	}
	envelope := got["missing"]["body"].(item)["error"].(item)
	if envelope["code"] != "ResourceNotFound" || envelope["innerError"].(item)["client-request-id"] != "own" {
		t.Errorf("got %v", envelope)
	}
	removed := w.batchOf(item{"id": "1", "method": "DELETE", "url": relative + "/" + created["id"].(string)})["1"]
	if removed["status"] != 204.0 || removed["body"] != nil {
		t.Errorf("deleted with %v", removed)
	}
	w.wantStored(1)
}

func TestBatchDoesNotCarryOutWhatDependsOnAFailure(t *testing.T) {
	w := newWire(t)
	got := w.batchOf(upload("3", "2"), upload("2", "1"), item{"id": "1", "method": "GET", "url": relative + "/missing"}, upload("4"))
	w.wantBatch(got, map[string]float64{"1": 404, "2": 424, "3": 424, "4": 201})
	if code := got["3"]["body"].(item)["error"].(item)["code"]; code != "FailedDependency" {
		t.Errorf("the code is %v", code)
	}
	w.wantStored(1)
}

func TestBatchRespondsInNoOrderToRelyOn(t *testing.T) {
	w := newWire(t)
	a := w.sendBatch(upload("1"), upload("2"))
	if first, second := strings.Index(a.body, `"id":"1"`), strings.Index(a.body, `"id":"2"`); first < second {
		t.Errorf("got the order of the requests: %s", a.body)
	}
	if held := w.server.Certificates(); held[0].Subject != "CN=1" {
		t.Errorf("carried out %s first", held[0].Subject)
	}
}

func TestRequestsOfABatchCountAtTheQuotaOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t, intunetest.WithQuota(3, 5, 20e9))
		got := w.batchOf(upload("1"), upload("2"), item{"id": "read", "method": "GET", "url": relative}, upload("3"), upload("4"))
		w.wantBatch(got, map[string]float64{"1": 201, "2": 201, "read": 200, "3": 201, "4": 429})
		if headers := got["4"]["headers"].(item); headers["Retry-After"] != "20" {
			t.Errorf("the headers are %v", headers)
		}
		w.wantThrottled(w.get(certificates), "20")
		w.batchOf(item{"id": "1", "method": "GET", "url": relative}) // 200, though its request is throttled
	})
}

func TestRequestsOfABatchNeedTheirPermission(t *testing.T) {
	w := newWire(t, intunetest.WithPermissions("DeviceManagementApps.Read.All"))
	got := w.batchOf(upload("1"), item{"id": "2", "method": "GET", "url": relative})
	if got["1"]["status"] != 403.0 || got["2"]["status"] != 200.0 {
		t.Errorf("got %v", got)
	}
	w.graphError(w.send(http.MethodPost, batchPath, `{}`, "Authorization:"), http.StatusUnauthorized, "InvalidAuthenticationToken")
}

func TestMalformedBatchesAreRejected(t *testing.T) {
	w := newWire(t)
	read := item{"id": "1", "method": "GET", "url": relative}
	change := func(name string, value any) item {
		changed := item{"id": "1", "method": "POST", "url": relative, "headers": item{"Content-Type": "application/json"}, "body": item{"subject": "CN=1"}}
		changed[name] = value
		return changed
	}
	many := make([]item, 21)
	for i := range many {
		many[i] = item{"id": fmt.Sprint(i), "method": "GET", "url": relative}
	}
	tests := []struct {
		name     string
		requests []item
		code     string
		message  string
	}{
		{"none", nil, "BadRequest", "Invalid batch payload format."},
		{"more than 20", many, "MaximumValueExceeded", "exceeds the maximum value of 20"},
		{"an id twice", []item{read, read}, "BadRequest", "'1' is not unique"},
		{"no id", []item{change("id", nil)}, "BadRequest", "no id"},
		{"an id that is a number", []item{change("id", 1)}, "BadRequest", "Invalid batch payload format."},
		{"no method", []item{change("method", "")}, "BadRequest", "'1' has no method"},
		{"no url", []item{change("url", "")}, "BadRequest", "not relative"},
		{"an absolute url", []item{change("url", "https://graph.microsoft.com/beta"+relative)}, "BadRequest", "not relative"},
		{"a url of another host", []item{change("url", "//example.com"+relative)}, "BadRequest", "not relative"},
		{"a url that cannot be read", []item{change("url", "%zz")}, "BadRequest", "not relative"},
		{"no content type", []item{change("headers", nil)}, "BadRequest", "Write request id : 1 does not contain Content-Type header or body."},
		{"depends on a missing one", []item{change("dependsOn", []string{"2"})}, "BadRequest", "'1' depends on"},
		{"depends on itself", []item{change("dependsOn", []string{"1"})}, "BadRequest", "'1' depends on"},
		{"depends on each other", []item{upload("A", "B"), upload("B", "A")}, "BadRequest", "depends on"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.T = t
			message := w.graphError(w.sendBatch(test.requests...), http.StatusBadRequest, test.code)
			if !strings.Contains(message, test.message) {
				t.Errorf("the message is %q, want %q in it", message, test.message)
			}
		})
	}
	w.T = t
	for _, body := range []string{``, `{`, `[]`, `{"requests":{}}`} {
		w.graphError(w.send(http.MethodPost, batchPath, body), http.StatusBadRequest, "BadRequest")
	}
	w.graphError(w.get(batchPath), http.StatusBadRequest, "BadRequest")
	w.wantStored(0)
}

func TestABatchInABatchIsRejected(t *testing.T) {
	w := newWire(t)
	got := w.batchOf(item{"id": "1", "method": "POST", "url": "/$batch", "headers": item{"Content-Type": "application/json"}, "body": item{}})
	if got["1"]["status"] != 400.0 {
		t.Errorf("got %v", got)
	}
}
