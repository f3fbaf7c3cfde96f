package wait

import (
	"context"
	"sync"
)

// Keyed is a lock for each key. Its zero value is ready to use. It keeps every key that it has seen.
type Keyed struct{ locks sync.Map }

// Lock waits for the key and returns the function that releases it. If the context ends first, it returns its error.
func (k *Keyed) Lock(ctx context.Context, key string) (release func(), err error) {
	lock, _ := k.locks.LoadOrStore(key, make(chan struct{}, 1))
	held := lock.(chan struct{}) //nolint:forcetypeassert // nothing else is stored
	select {
	case held <- struct{}{}:
		return func() { <-held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
