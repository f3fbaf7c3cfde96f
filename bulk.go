package intune

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// CreateAllOptions configures CreateAll. The zero value, and nil, create four at a time and go on after failures.
type CreateAllOptions struct {
	Concurrency    int             // how many creates at once; 4 by default, 256 at most
	StopOnError    bool            // start nothing new after a failure
	SkipExisting   bool            // do not create a certificate that is in the tenant, so that a second run uploads nothing
	RequestOptions []RequestOption // for every create, except WithResponse: CreateAllResult has the Response

	// OnResult is called with every result before it is yielded, also with those that come after the loop was left. It is
	// called in the goroutine of the loop.
	OnResult func(index int, result CreateAllResult)
}

// CreateAllResult is the result of one create of CreateAll, as Create returns it.
type CreateAllResult struct {
	Certificate *EnterpriseCodeSigningCertificate
	Created     bool // uploaded by this call; false if SkipExisting found it in the tenant
	Response    Response
	Err         error
}

// Done reports whether the certificate is in the tenant. With a *DuplicateError it is there more than once.
func (r CreateAllResult) Done() bool { return r.Certificate != nil }

// ErrNotTried is the error of the first certificate that CreateAll did not try, because the context had ended or an
// earlier create had failed. The certificates after it have not been tried either.
var ErrNotTried = errors.New("not tried")

// CreateAll creates many certificates, several at a time, each exactly once as Create does. It yields the results in
// order of completion, with the index of the certificate in certs. A failure does not stop the others, unless
// CreateAllOptions.StopOnError is set.
//
// With CreateAllOptions.SkipExisting, one listing for all finds the certificates that are in the tenant, by the rules of
// Find. A certificate that cannot be told from a record of the tenant is not created; its error is an
// *AmbiguousMatchError. A certificate whose NotBefore is more than a day away is not created either, because Find would
// not recognise it; its error is an *InputError.
//
// Leaving the loop starts nothing new and waits for the creates under way. If the context ends, or StopOnError applies,
// the first certificate that was not tried is yielded last, with ErrNotTried; certs is asked for it.
//
// certs runs in the goroutine of the loop, and is asked for the next certificate when there is room for one. While it
// blocks, results wait.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-create.
func (s *EnterpriseCodeSigningCertificatesService) CreateAll(ctx context.Context, certs iter.Seq[*EnterpriseCodeSigningCertificate], options *CreateAllOptions) iter.Seq2[int, CreateAllResult] {
	return func(yield func(int, CreateAllResult) bool) {
		b := newBulk(options, yield)
		create := s.createOne
		if b.options.SkipExisting {
			create = newSkipper(ctx, s, b.options.RequestOptions).create
		}
		next, stop := iter.Pull(certs)
		defer stop()
		defer b.drain()
		for index := 0; ; index++ {
			if b.makeRoom(); b.left {
				return
			}
			cert, more := next()
			if !more {
				return
			}
			if b.makeRoom(); b.left { // a create may have failed while certs blocked
				return
			}
			if reason := b.stopped(ctx); reason != nil {
				b.drain()
				b.deliver(numbered{index, CreateAllResult{Err: fmt.Errorf("%w: %w", ErrNotTried, reason)}})
				return
			}
			b.start(func() numbered { return numbered{index, create(ctx, cert, b.options.RequestOptions)} })
		}
	}
}

func (s *EnterpriseCodeSigningCertificatesService) createOne(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts []RequestOption) CreateAllResult {
	var result CreateAllResult
	opts = append([]RequestOption{}, opts...)
	result.Certificate, result.Err = s.Create(ctx, cert, append(opts, WithResponse(&result.Response))...)
	result.Created = result.Certificate != nil
	return result
}

// skipper creates certificates that are not in the tenant.
type skipper struct {
	service *EnterpriseCodeSigningCertificatesService
	list    func() (*census, error) // lists once

	mu       sync.Mutex
	uploaded []*EnterpriseCodeSigningCertificate // since the listing
	unknown  []unknownUpload
}

// unknownUpload is a create of unknown outcome: the same certificate is not created again.
type unknownUpload struct {
	*match.Identity

	err error
}

func newSkipper(ctx context.Context, s *EnterpriseCodeSigningCertificatesService, opts []RequestOption) *skipper {
	return &skipper{service: s, list: sync.OnceValues(func() (*census, error) {
		options, err := newRequestOptions(createOperation, opts)
		if err != nil {
			return nil, err
		}
		return s.client.census(ctx, requestOptions{header: options.header})
	})}
}

// create creates a certificate unless it is there. Creates of the same subject wait for each other, because certs may
// hold the same certificate twice.
func (k *skipper) create(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts []RequestOption) CreateAllResult {
	if cert == nil {
		return k.service.createOne(ctx, cert, opts) // which reports it
	}
	identity := cert.identity()
	release, err := k.service.client.subjects.Lock(ctx, identity.SubjectKey())
	if err != nil {
		return CreateAllResult{Err: named(createName, err)}
	}
	defer release()
	existing, by, err := k.find(identity)
	if existing != nil || err != nil {
		return CreateAllResult{Certificate: existing, Response: Response{MatchedBy: by}, Err: named(createName, err)}
	}
	if err := k.unknownOutcome(cert); err != nil {
		return CreateAllResult{Err: err}
	}
	if err := checkNotBefore(identity); err != nil {
		return CreateAllResult{Err: named(createName, err)}
	}
	result := k.service.createOne(ctx, cert, opts)
	k.note(identity, cert.Content, result)
	return result
}

// note remembers what came of a create.
func (k *skipper) note(identity *match.Identity, content []byte, result CreateAllResult) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case result.Created:
		record := *result.Certificate
		record.Content = content
		k.uploaded = append(k.uploaded, &record)
	case errors.As(result.Err, new(*OutcomeUnknownError)):
		k.unknown = append(k.unknown, unknownUpload{identity, result.Err})
	}
}

// unknownOutcome returns the error of an earlier create of the same certificate whose outcome is unknown.
func (k *skipper) unknownOutcome(cert *EnterpriseCodeSigningCertificate) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, upload := range k.unknown {
		if upload.Is(cert.shown()) {
			return upload.err
		}
	}
	return nil
}

// find returns the record of a certificate, nil if there is none.
func (k *skipper) find(identity *match.Identity) (*EnterpriseCodeSigningCertificate, MatchedBy, error) {
	if err := checkEnough(identity); err != nil {
		return nil, "", err
	}
	listed, err := k.list()
	if err != nil {
		return nil, "", fmt.Errorf("the certificates cannot be listed: %w", err)
	}
	k.mu.Lock()
	seen := &census{records: slices.Concat(listed.records, k.uploaded)}
	k.mu.Unlock()
	seen.recognise(identity, nil)
	record, err := seen.certificate()
	if record == nil {
		return nil, "", err
	}
	return record, seen.matches[0].By, err
}

type numbered struct {
	index  int
	result CreateAllResult
}

// bulk keeps a bounded number of creates under way. All its methods run in the goroutine of the loop.
type bulk struct {
	options  CreateAllOptions
	yield    func(int, CreateAllResult) bool
	results  chan numbered
	underWay int
	failure  error // the first one
	left     bool  // the loop was left
}

func newBulk(options *CreateAllOptions, yield func(int, CreateAllResult) bool) *bulk {
	b := &bulk{yield: yield}
	if options != nil {
		b.options = *options
	}
	if b.options.Concurrency < 1 {
		b.options.Concurrency = 4
	}
	b.options.Concurrency = min(b.options.Concurrency, 256)
	b.results = make(chan numbered, b.options.Concurrency)
	return b
}

func (b *bulk) start(create func() numbered) {
	b.underWay++
	go func() { b.results <- create() }()
}

// makeRoom delivers the results that are there, and waits for one if the concurrency is used up.
func (b *bulk) makeRoom() {
	for b.underWay > 0 && (b.underWay == b.options.Concurrency || len(b.results) > 0) {
		b.take()
	}
}

// drain waits for the creates under way, even if the body of the loop panics.
func (b *bulk) drain() {
	if b.underWay == 0 {
		return
	}
	defer b.drain()
	b.take()
}

func (b *bulk) take() {
	r := <-b.results
	b.underWay--
	b.deliver(r)
}

func (b *bulk) deliver(r numbered) {
	if b.failure == nil && !r.result.Done() {
		b.failure = r.result.Err
	}
	left := b.left
	b.left = true // if OnResult or the body of the loop panics, the body is not called again
	if b.options.OnResult != nil {
		b.options.OnResult(r.index, r.result)
	}
	if !left {
		b.left = !b.yield(r.index, r.result)
	}
}

// stopped returns why nothing new is started, nil if it is.
func (b *bulk) stopped(ctx context.Context) error {
	if b.options.StopOnError && b.failure != nil {
		return b.failure
	}
	return ctx.Err()
}
