package entra

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/oauth2"
)

// Source uses the tokens of a source that knows no context. The source runs in a goroutine of its own, and callers wait for
// it only as long as their contexts allow. It is not called again before it has returned.
func Source(source oauth2.TokenSource) SignIn {
	if source == nil {
		return new(tokenSource)
	}
	return &tokenSource{fetch: source.Token}
}

// tokenSource keeps the source behind a function, because fmt prints fields, and a source may hold a token.
type tokenSource struct {
	fetch func() (*oauth2.Token, error) // nil without a source

	mu      sync.Mutex
	running *sourceCall // nil if the source is not being called
}

// Token implements SignIn.
func (s *tokenSource) Token(ctx context.Context, _ Request) (*oauth2.Token, error) {
	return OnceMore(ctx, func() (*oauth2.Token, error) {
		call := s.join()
		select {
		case <-call.done:
			return call.token, readRetrieveError(call.err)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

// Check implements SignIn.
func (s *tokenSource) Check() error {
	if s.fetch == nil {
		return &InputError{Name: "token source", Problem: "is nil"}
	}
	return nil
}

// sourceCall is one call of a token source.
type sourceCall struct {
	done  chan struct{} // closed when the source has returned; the result is set before
	token *oauth2.Token
	err   error
}

// join returns the call under way, or starts one.
func (s *tokenSource) join() *sourceCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = &sourceCall{done: make(chan struct{})}
		go s.run(s.running)
	}
	return s.running
}

func (s *tokenSource) run(call *sourceCall) {
	call.err = errors.New("the token source ended its goroutine")
	defer func() {
		if r := recover(); r != nil { // the caller could not, and the program would end
			call.err = fmt.Errorf("the token source panicked: %v", r)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running = nil
		close(call.done)
	}()
	call.token, call.err = s.fetch()
}
