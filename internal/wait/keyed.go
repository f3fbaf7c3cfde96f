package wait

import (
	"context"
	"sync"
)

// Keyed is a lock for each key. Its zero value is ready to use.
type Keyed struct {
	mu    sync.Mutex
	locks map[string]*keyedLock
}

type keyedLock struct {
	held  chan struct{} // has room for the holder
	users int           // the holder and those that wait
}

// Lock waits for the key and returns the function that releases it. If the context ends first, it returns its error.
func (k *Keyed) Lock(ctx context.Context, key string) (release func(), err error) {
	lock := k.enter(key)
	select {
	case lock.held <- struct{}{}:
		return func() {
			<-lock.held
			k.leave(key, lock)
		}, nil
	case <-ctx.Done():
		k.leave(key, lock)
		return nil, ctx.Err()
	}
}

func (k *Keyed) enter(key string) *keyedLock {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.locks == nil {
		k.locks = make(map[string]*keyedLock)
	}
	lock := k.locks[key]
	if lock == nil {
		lock = &keyedLock{held: make(chan struct{}, 1)}
		k.locks[key] = lock
	}
	lock.users++
	return lock
}

func (k *Keyed) leave(key string, lock *keyedLock) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if lock.users--; lock.users == 0 {
		delete(k.locks, key)
	}
}
