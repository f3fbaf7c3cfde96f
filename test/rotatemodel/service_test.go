package rotatemodel

// This file is the service, as an http.Handler.

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

const (
	collection    = "/beta/deviceAppManagement/enterpriseCodeSigningCertificates"
	processHeader = "Model-Process"
	fateHeader    = "Model-Fate"
)

// What becomes of a request.
const (
	lostBefore = "lost before it was carried out"
	lostAfter  = "lost after it was carried out"
	busy       = "503"
	timedOut   = "504 of a gateway, after it was carried out"
)

// ServeHTTP carries out a request of a process of the model.
func (m *model) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	p := m.process(req.Header.Get(processHeader))
	time.Sleep(p.latency())
	fate := req.Header.Get(fateHeader)
	w.Header().Set("Date", time.Now().Add(p.tenant.ahead).UTC().Format(http.TimeFormat))
	switch fate {
	case lostBefore:
		panic(http.ErrAbortHandler)
	case busy:
		respond(w, http.StatusServiceUnavailable, []byte(`{"error":{"code":"ServiceUnavailable","message":"no"}}`))
		return
	}
	status, body := p.carryOut(req, fate == "")
	switch fate {
	case lostAfter:
		panic(http.ErrAbortHandler)
	case timedOut:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusGatewayTimeout)
		return
	}
	respond(w, status, body)
}

func respond(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

var notFound = []byte(`{"error":{"code":"ResourceNotFound","message":"no"}}`)

// carryOut carries out a request. isSeen says that the process gets the response.
func (p *process) carryOut(req *http.Request, isSeen bool) (status int, body []byte) {
	t := p.tenant
	t.mu.Lock()
	defer t.mu.Unlock()
	id := strings.TrimPrefix(strings.TrimPrefix(req.URL.Path, collection), "/")
	switch {
	case req.Method == http.MethodPost:
		return p.create(req)
	case id == "":
		return http.StatusOK, p.list(req.URL.Query().Get("$skiptoken"), isSeen)
	}
	index := slices.IndexFunc(t.records, func(r *record) bool { return r.id == id && r.isThere() })
	if index < 0 {
		return http.StatusNotFound, notFound
	}
	r := t.records[index]
	if req.Method == http.MethodDelete {
		p.judgeDeletion(r)
		r.deleted = time.Now()
		t.note("process %s deletes record %d", p.name, r.number)
		return http.StatusNoContent, nil
	}
	if time.Since(r.committed) < t.lag {
		return http.StatusNotFound, notFound
	}
	return http.StatusOK, mustMarshal(t.shown(r))
}

func (p *process) create(req *http.Request) (status int, body []byte) {
	var sent intune.EnterpriseCodeSigningCertificate
	if err := json.NewDecoder(req.Body).Decode(&sent); err != nil || sent.ID != "" || string(sent.Content) != string(p.cert.resource().Content) {
		p.violate("the body of a create is right", "%v, %v", sent, err)
	}
	if p.options.DryRun {
		p.violate("a dry run changes nothing", "it uploads")
	}
	r := p.tenant.add(p.cert, sent.UploadDateTime, time.Now())
	p.tenant.note("process %s uploads certificate %d as record %d %s, dated %s", p.name, p.cert.key, r.number, r.id[:8], sent.UploadDateTime.Format(time.RFC3339Nano))
	return http.StatusCreated, mustMarshal(p.tenant.shown(r))
}

// list serves a page of a listing. The first page fixes what the others show.
func (p *process) list(token string, isSeen bool) []byte {
	if token == "" {
		p.snapshot = p.tenant.visible(p.random.Float64())
	}
	offset, _ := strconv.Atoi(token)
	end := min(offset+p.tenant.pageSize, len(p.snapshot))
	page := intune.CertificatePage{}
	for _, r := range p.snapshot[offset:end] {
		page.Value = append(page.Value, p.tenant.shown(r))
	}
	if isSeen {
		if offset == 0 {
			p.listings = append(p.listings, &listing{})
		}
		last := p.listings[len(p.listings)-1]
		last.shown, last.ended = append(last.shown, page.Value...), time.Now()
		last.isComplete = end == len(p.snapshot)
	}
	value := mustMarshal(page.Value)
	if page.Value == nil {
		value = []byte("[]")
	}
	next := ""
	if end < len(p.snapshot) {
		next = fmt.Sprintf(`,"@odata.nextLink":"http://localhost%s?$skiptoken=%d"`, collection, end)
	}
	return fmt.Appendf(nil, `{"value":%s%s}`, value, next)
}

// listing is what a process has been shown.
type listing struct {
	shown      []*intune.EnterpriseCodeSigningCertificate
	ended      time.Time
	isComplete bool
}

// visible returns the records that a new listing shows, in its order. replica says how much a replica lags.
func (t *tenant) visible(replica float64) (visible []*record) {
	asOf := time.Now()
	if t.isFlapping {
		asOf = asOf.Add(-time.Duration(replica * float64(t.lag)))
	}
	for _, r := range t.records {
		isShown := r.isThere() && time.Since(r.committed) >= t.lag
		if t.isFlapping {
			isShown = !r.committed.After(asOf) && (r.isThere() || r.deleted.After(asOf))
		}
		if isShown {
			visible = append(visible, r)
		}
	}
	switch t.order {
	case "latest first":
		slices.Reverse(visible)
	case "by id":
		slices.SortFunc(visible, func(a, b *record) int { return strings.Compare(a.id, b.id) })
	}
	return visible
}

func mustMarshal(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}
