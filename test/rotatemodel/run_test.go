package rotatemodel

// This file runs Rotate daily, in a new process each time.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// model is what the tenants of one bubble share.
type model struct {
	transport http.RoundTripper

	mu        sync.Mutex
	processes map[string]*process
}

func (m *model) process(id string) *process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.processes[id]
}

// process is one call of Rotate by a program of its own.
type process struct {
	*verdict

	name     string
	cert     *certificate
	options  intune.RotateOptions
	random   *rand.Rand
	faults   float64
	snapshot []*record
	listings []*listing
	started  time.Time

	rotation *intune.Rotation
	err      error
	isDead   bool
}

// latency is how long a request takes.
func (p *process) latency() time.Duration {
	p.tenant.mu.Lock()
	defer p.tenant.mu.Unlock()
	return 50*time.Millisecond + time.Duration(p.random.Int64N(int64(1500*time.Millisecond)))
}

// run calls Rotate.
func (p *process) run(t *testing.T, m *model) {
	t.Helper()
	ctx, die := context.WithCancel(t.Context())
	defer die()
	m.mu.Lock()
	id := strconv.Itoa(len(m.processes))
	m.processes[id] = p
	m.mu.Unlock()
	client, err := intune.NewClient(intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "the-access-token-of-the-model"})),
		intune.WithBaseURL("http://localhost"), intune.WithHTTPClient(&http.Client{Transport: m.transport}), intune.WithQuota(),
		intune.WithRetry(intune.RetryPolicy{MinDelay: time.Millisecond}), // the first pauses are random: let them not matter
		intune.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return &faulty{p, id, next, die} }))
	if err != nil {
		t.Fatal(err)
	}
	p.started = time.Now()
	p.rotation, p.err = client.EnterpriseCodeSigningCertificates().Rotate(ctx, p.cert.resource(), &p.options)
	p.isDead = ctx.Err() != nil
	if !p.isDead && (errors.Is(p.err, context.Canceled) || p.rotation == nil) {
		p.violate("a run ends with a Rotation", "%v", p.err)
	}
}

// faulty lets requests of a process fail, and the process die.
type faulty struct {
	*process

	id   string
	next http.RoundTripper
	die  func()
}

func (f *faulty) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set(processHeader, f.id)
	f.tenant.mu.Lock()
	isStruck, strike := f.random.Float64() < f.faults, f.random.IntN(6)
	f.tenant.mu.Unlock()
	if !isStruck {
		return f.next.RoundTrip(req)
	}
	switch fates := []string{lostBefore, lostAfter, busy, timedOut}; strike {
	case 4:
		f.die()
		return nil, context.Canceled
	case 5:
		resp, err := f.next.RoundTrip(req)
		f.die()
		if err == nil {
			_ = resp.Body.Close()
		}
		return nil, context.Canceled
	default:
		req.Header.Set(fateHeader, fates[strike])
	}
	return f.next.RoundTrip(req)
}

// story is what happens in a tenant.
type story struct {
	*verdict

	t     *testing.T
	model *model
	// What a person says until a run has ended.
	force, newSubject bool
	hasPerson         bool
	answers           int
	runs              int
	last              *process
}

// tell lets a plan happen, and judges it.
func tell(t *testing.T, m *model, seed uint64, p *plan, hasPerson bool) *verdict {
	t.Helper()
	s := &story{
		verdict: &verdict{plan: p, seed: seed, classes: make(map[string]bool)}, t: t, model: m,
		force: p.force, newSubject: p.newSubject, hasPerson: hasPerson,
	}
	time.Sleep(time.Until(p.begin))
	s.daily(p.isTwo, p.faults)
	for i := range 6 {
		time.Sleep(day)
		faults := p.faults
		if i > 2 {
			faults = 0
		}
		s.meanwhile(i)
		s.daily(p.isTwo && i == 0, faults)
	}
	s.end(s.last)
	return s.verdict
}

// meanwhile is what others do.
func (s *story) meanwhile(i int) {
	upload := func(cert *certificate) {
		s.tenant.mu.Lock()
		defer s.tenant.mu.Unlock()
		r := s.tenant.add(cert, time.Now().Add(s.tenant.ahead).UTC().Truncate(time.Second), time.Now())
		r.isByConsole = true
		s.tenant.note("somebody uploads record %d, %v", r.number, cert)
	}
	switch {
	case i == 2 && s.anotherPublishes:
		upload(&certificate{key: int64(s.seed)<<8 + 255, commonName: "Fabrikam", organization: "Contoso Ltd", issuer: "CA1", from: time.Now().UTC().Truncate(time.Second), until: time.Now().Add(300 * day).UTC().Truncate(time.Second)})
		time.Sleep(time.Minute)
	case i == 3 && s.lastComesBack:
		upload(s.plan.last)
		time.Sleep(time.Minute)
	case i == 5:
		time.Sleep(5 * day)
	}
}

// daily runs Rotate once, or twice at once.
func (s *story) daily(isTwo bool, faults float64) {
	options := s.options
	options.Force, options.NewSubject = s.force, s.newSubject
	var predicted *process
	if s.isQuiet() && s.runs%2 == 0 {
		dry := options
		dry.DryRun = true
		predicted = s.process("dry", dry, 0)
		predicted.run(s.t, s.model)
	}
	first := s.process("1", options, faults)
	var group sync.WaitGroup
	if isTwo {
		second := s.process("2", options, faults)
		group.Go(func() {
			time.Sleep(time.Duration(second.random.Int64N(int64(3 * time.Second))))
			second.run(s.t, s.model)
			s.check(second)
		})
	}
	group.Go(func() {
		first.run(s.t, s.model)
		s.check(first)
	})
	group.Wait()
	if predicted != nil {
		s.compare(predicted, first)
	}
	s.last = first
	s.answer(first)
}

func (s *story) process(name string, options intune.RotateOptions, faults float64) *process {
	s.runs++
	return &process{
		verdict: s.verdict, name: fmt.Sprintf("%d (%s)", s.runs, name), cert: s.cert, options: options, faults: faults,
		random: rand.New(rand.NewPCG(s.seed, uint64(100+s.runs))),
	}
}

// answer is what a person does about an error, twice at most: what it says.
func (s *story) answer(p *process) {
	if p.isDead {
		return
	}
	s.force, s.newSubject = false, false
	if !s.hasPerson || s.answers == 2 || p.err == nil {
		return
	}
	isAbsent := s.tenant.copies(s.cert) == 0
	switch {
	case errors.Is(p.err, intune.ErrOtherSubject):
		s.newSubject = true
	case isAbsent && s.kind == "re-issue" && errors.As(p.err, new(*intune.AmbiguousMatchError)), errors.Is(p.err, intune.ErrNotLatest):
		s.force = true
	default:
		return
	}
	s.answers++
	s.tenant.note("a person says Force %v, NewSubject %v", s.force, s.newSubject)
}

// compare says whether a dry run has predicted a run.
func (s *story) compare(dry, run *process) {
	same := fmt.Sprint(dry.err) == fmt.Sprint(run.err) && dry.rotation.Created == run.rotation.Created &&
		slices.Equal(dry.rotation.Deleted, run.rotation.Deleted) && slices.Equal(dry.rotation.Pending, run.rotation.Pending)
	// A dry run assumes that an upload is recognized and provisioned at once, and an earlier one within WaitProvisioned. It
	// does not know that the service shows serial numbers before it has seen one.
	isAssumed := run.err != nil && (run.rotation.Created || errors.Is(run.err, intune.ErrNotProvisioned))
	isFirstExtended := s.cert.extended != "" && !slices.ContainsFunc(s.tenant.records, func(r *record) bool { return r.certificate != s.cert && r.certificate.extended != "" })
	if !same && !isAssumed && !isFirstExtended {
		s.violate("a dry run predicts the run", "%+v, %v; the run %+v, %v", dry.rotation, dry.err, run.rotation, run.err)
	}
}
