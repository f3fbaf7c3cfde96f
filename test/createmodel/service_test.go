package createmodel

// This file is the simulated service, as a transport.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

const (
	collection   = "https://graph.microsoft.com/beta/deviceAppManagement/enterpriseCodeSigningCertificates"
	createHeader = "Model-Create" // which create a POST belongs to
)

// request is one that the service has got, with what became of it.
type request struct {
	create       int // that a POST belongs to; -1 for a listing
	listing      int // its number, if this is a page of one that was served
	isFirstPage  bool
	isLastPage   bool
	shown        []*record // by a page that was served
	began, ended time.Time
	fate         *fate
	strike       strike  // of a POST
	sent         *record // what a POST asks for
	record       *record // what it has created
	err          error   // of the transport
	detail       string
}

// service is the http.RoundTripper that stands for Microsoft Graph. Records may lie in the future: time brings them up.
type service struct {
	plan *plan

	mu        sync.Mutex
	records   []*record
	requests  []*request
	snapshots [][]*record // of the listings, by the number in their next links
	pages     int         // requests of listings
	ids       int
	problems  []string // what no client should have sent
}

func newService(p *plan, first time.Time) *service {
	s := &service{plan: p}
	for _, u := range p.uploads {
		sent := *u.certificate.in(u.form)
		r := &record{owner: another, certificate: u.certificate, form: u.form, oddity: u.oddity, committed: first.Add(u.after).Truncate(tick)}
		sent.UploadDateTime = r.committed
		if u.wholeSeconds {
			sent.UploadDateTime = r.committed.Truncate(time.Second)
		}
		if u.callersDate {
			sent.UploadDateTime = p.creates[0].callersDate(first)
		}
		if sent.UploadDateTime.IsZero() {
			sent.UploadDateTime = r.committed
		}
		r.sent = sent
		s.add(r)
	}
	return s
}

// add stores a record that is shown when the listings have caught up.
func (s *service) add(r *record) {
	if r.id == "" {
		r.id = s.newID()
	}
	r.shows = r.committed.Add(s.plan.habits.lag)
	s.records = append(s.records, r)
}

// newID returns an id that looks random, and is the same in each run.
func (s *service) newID() string {
	const multiplier = 2654435761 // of Knuth's multiplicative hash
	s.ids++
	return fmt.Sprintf("%08x-0000-4000-8000-%012d", uint32(s.ids)*multiplier, s.ids)
}

// RoundTrip implements http.RoundTripper. Like net/http's transport, it reads and closes the body, and honors the
// context until the body of the response has been read.
func (s *service) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	r := &request{create: -1, began: time.Now()}
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	var resp *http.Response
	var err error
	switch {
	case req.Method == http.MethodPost && req.URL.String() == collection:
		resp, err = s.create(req, r, body)
	case req.Method == http.MethodGet && strings.HasPrefix(req.URL.String(), collection) && req.URL.Path == urlPath(collection):
		resp, err = s.list(req, r)
	default:
		s.problem("unexpected request: %s %s", req.Method, req.URL)
		err = errors.New("unexpected request")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.ended, r.err = time.Now(), err
	return resp, err
}

func urlPath(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u.Path
}

func (s *service) problem(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// create receives a POST. It is carried out when it has arrived, when the attempt has ended, or not at all.
func (s *service) create(req *http.Request, r *request, body []byte) (*http.Response, error) {
	var sent intune.EnterpriseCodeSigningCertificate
	if err := json.Unmarshal(body, &sent); err != nil || sent.ID != "" {
		s.problem("the body of a create is wrong: %v, id %q", err, sent.ID)
	}
	index, _ := strconv.Atoi(req.Header.Get(createHeader))
	s.assign(index, r, sent)
	r.detail = fmt.Sprintf("date %s, commits %s", sent.UploadDateTime.Format(time.RFC3339Nano), r.strike.commit)
	const transit = 2*time.Millisecond + 7*tick
	if err := sleep(req.Context(), transit); err != nil {
		return nil, err
	}
	object := string(s.plan.habits.object(s.arrive(r)))
	if r.strike.commit == late {
		defer func() { s.commit(r, time.Now().Add(r.strike.late)) }()
	}
	return s.respond(req, r.fate, r.strike.latency, strings.ReplaceAll(r.fate.body, theObject, object))
}

// assign notes which create a POST belongs to, and what is planned for it. Each create has its own list.
func (s *service) assign(index int, current *request, sent intune.EnterpriseCodeSigningCertificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	earlier := 0
	for _, r := range s.requests {
		if r.create == index {
			earlier++
		}
	}
	planned := s.plan.creates[index]
	current.create, current.strike = index, strike{fate: success, commit: atOnce, latency: s.plan.latency}
	if earlier < len(planned.strikes) {
		current.strike = planned.strikes[earlier]
	}
	current.fate = current.strike.fate
	current.sent = &record{owner: index, certificate: planned.certificate, form: planned.form, sent: sent}
}

// arrive returns the record that a POST asks for. It is stored now if the POST is to be carried out at once.
func (s *service) arrive(r *request) *record {
	if r.strike.commit == atOnce {
		s.commit(r, time.Now())
		return r.sent
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.sent.id, r.sent.committed = s.newID(), time.Now()
	return r.sent
}

// commit carries a POST out.
func (s *service) commit(r *request, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.sent.committed = at
	s.add(r.sent)
	r.record = r.sent
}

// list serves a page of a listing. The first page fixes what the others show.
func (s *service) list(req *http.Request, r *request) (*http.Response, error) {
	snapshot, number, offset, ok := s.snapshot(req, r)
	if !ok {
		s.problem("a next link that was not given: %s", req.URL)
		return nil, errors.New("bad next link")
	}
	if r.fate != listed {
		return s.respond(req, r.fate, s.plan.latency, r.fate.body)
	}
	h := &s.plan.habits
	end := min(offset+h.pageSize, len(snapshot))
	if h.repeats && offset > 0 {
		offset--
	}
	r.listing, r.isLastPage, r.shown = number, end == len(snapshot), snapshot[offset:end]
	page := bytes.NewBufferString(`{"@odata.context":"x","value":[`)
	for i, held := range r.shown {
		if i > 0 {
			page.WriteByte(',')
		}
		page.Write(h.listed(held))
		r.detail += " " + held.id[:8]
	}
	page.WriteByte(']')
	if !r.isLastPage {
		fmt.Fprintf(page, `,"@odata.nextLink":"%s?$skiptoken=%d-%d"`, collection, number, end)
	}
	page.WriteByte('}')
	return s.respond(req, r.fate, s.plan.latency, page.String())
}

// snapshot returns the records of a listing, its number, and where the page begins.
func (s *service) snapshot(req *http.Request, r *request) (snapshot []*record, number, offset int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.fate = listed
	if s.pages < len(s.plan.listFates) && s.plan.listFates[s.pages] != nil {
		r.fate = s.plan.listFates[s.pages]
	}
	s.pages++
	token := req.URL.Query().Get("$skiptoken")
	if token == "" {
		r.isFirstPage = true
		s.snapshots = append(s.snapshots, s.visible())
		number = len(s.snapshots) - 1
		return s.snapshots[number], number, 0, true
	}
	_, err := fmt.Sscanf(token, "%d-%d", &number, &offset)
	if err != nil || number >= len(s.snapshots) || offset > len(s.snapshots[number]) {
		return nil, 0, 0, false
	}
	return s.snapshots[number], number, offset, true
}

// visible returns the records that a new listing shows, in its order.
func (s *service) visible() (visible []*record) {
	h := &s.plan.habits
	for _, r := range s.records {
		shows := r.shows
		if h.lagging && len(s.snapshots)%2 == 0 { // by the replica that lags less
			shows = r.committed
		}
		if !shows.After(time.Now()) {
			visible = append(visible, r)
		}
	}
	switch h.order {
	case "latest first":
		slices.Reverse(visible)
	case "mixed":
		slices.SortFunc(visible, func(a, b *record) int { return strings.Compare(a.id, b.id) })
	}
	return visible
}

// respond lets a request end.
func (s *service) respond(req *http.Request, f *fate, latency time.Duration, body string) (*http.Response, error) {
	ctx := req.Context()
	if f.ending == hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err := sleep(ctx, latency); err != nil {
		return nil, err
	}
	if f.ending == breaks {
		return nil, io.ErrUnexpectedEOF
	}
	resp := &http.Response{
		Status: strconv.Itoa(f.status) + " " + http.StatusText(f.status), StatusCode: f.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: s.header(f), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
	switch f.ending {
	case isCut:
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:len(body)/2]), lostReader{}))
	case staysSilent:
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:len(body)/2]), silentReader{ctx}))
	case switches:
		resp.Body = &switchedBody{closed: make(chan struct{})}
	case responds, breaks, hangs:
	}
	return resp, nil
}

func (s *service) header(f *fate) http.Header {
	header := http.Header{"Content-Type": {"application/json"}, "Request-Id": {"model"}}
	if f.html {
		header.Set("Content-Type", "text/html")
	}
	if f.retryAfter != "" {
		header.Set("Retry-After", f.retryAfter)
	}
	if f.location != "" {
		header.Set("Location", f.location)
	}
	if !s.plan.habits.noClock {
		header.Set("Date", time.Now().Add(s.plan.habits.front).UTC().Format(http.TimeFormat))
	}
	return header
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lostReader is where a connection breaks.
type lostReader struct{}

func (lostReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// silentReader gives nothing until the request is given up.
type silentReader struct{ ctx context.Context }

func (r silentReader) Read([]byte) (int, error) {
	<-r.ctx.Done()
	return 0, r.ctx.Err()
}

// switchedBody is the body of a 101. Like net/http's, it knows no context.
type switchedBody struct {
	closed chan struct{}
	once   sync.Once
}

func (b *switchedBody) Read([]byte) (int, error) {
	<-b.closed
	return 0, http.ErrBodyReadAfterClose
}

func (b *switchedBody) Write(data []byte) (int, error) { return len(data), nil }

func (b *switchedBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}
