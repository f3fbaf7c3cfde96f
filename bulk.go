package intune

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// CreateAllOptions configures CreateAll. The zero value, and nil, create four at a time and go on after failures.
type CreateAllOptions struct {
	Concurrency    int             // how many creates at once; 4 by default, 256 at most
	StopOnError    bool            // start nothing new after a failure
	RequestOptions []RequestOption // for every create, but for WithResponse, which CreateAllResult takes the place of

	// OnResult is called with every result before it is yielded, also with those that come after the loop was left. It is
	// called in the goroutine of the loop.
	OnResult func(index int, result CreateAllResult)
}

// CreateAllResult is what one create of CreateAll came to, as Create returns it.
type CreateAllResult struct {
	Certificate *EnterpriseCodeSigningCertificate
	Response    Response
	Err         error
}

// Done reports whether the certificate is in the tenant. A *DuplicateError says that it is, more than once.
func (r CreateAllResult) Done() bool { return r.Certificate != nil }

// ErrNotTried is the error of the first certificate that CreateAll never tried, because the context had ended or an
// earlier one had failed. Those after it have not been tried either.
var ErrNotTried = errors.New("not tried")

// CreateAll creates many certificates, several at a time, each exactly once as Create does. It yields the results in
// order of completion, by the index of the certificate in certs. A failed one does not stop the others, unless
// CreateAllOptions say so.
//
// Leaving the loop starts nothing new and waits for what is under way. Where the context ends, or StopOnError applies,
// the first certificate that was never tried is yielded last, with ErrNotTried; certs is asked for it.
//
// certs runs in the goroutine of the loop, and is asked for the next certificate when there is room for one. While it
// blocks, results wait.
func (s *EnterpriseCodeSigningCertificatesService) CreateAll(ctx context.Context, certs iter.Seq[*EnterpriseCodeSigningCertificate], options *CreateAllOptions) iter.Seq2[int, CreateAllResult] {
	return func(yield func(int, CreateAllResult) bool) {
		b := newBulk(options, yield)
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
			if reason := b.stopped(ctx); reason != nil {
				b.drain()
				b.deliver(numbered{index, CreateAllResult{Err: fmt.Errorf("%w: %w", ErrNotTried, reason)}})
				return
			}
			b.start(func() numbered { return numbered{index, s.createOne(ctx, cert, b.options.RequestOptions)} })
		}
	}
}

func (s *EnterpriseCodeSigningCertificatesService) createOne(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts []RequestOption) CreateAllResult {
	var result CreateAllResult
	opts = append([]RequestOption{}, opts...)
	result.Certificate, result.Err = s.Create(ctx, cert, append(opts, WithResponse(&result.Response))...)
	return result
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

// makeRoom delivers what is there, and waits for a result where all places are taken.
func (b *bulk) makeRoom() {
	for b.underWay > 0 && (b.underWay == b.options.Concurrency || len(b.results) > 0) {
		b.take()
	}
}

// drain waits for what is under way, also where the body of the loop panics meanwhile.
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
	if b.options.OnResult != nil {
		b.options.OnResult(r.index, r.result)
	}
	if !b.left {
		b.left = true // where the body of the loop panics, it is not called again
		b.left = !b.yield(r.index, r.result)
	}
}

// stopped says why nothing new is started, nil where it is.
func (b *bulk) stopped(ctx context.Context) error {
	if b.options.StopOnError && b.failure != nil {
		return b.failure
	}
	return ctx.Err()
}
