package redisquota

// This file handles outages of Redis.

import (
	"sync"
	"time"
)

// retryInterval is how often one request asks Redis although it is down.
const retryInterval = 2 * time.Second

// outage is whether Redis is down.
type outage struct {
	mu      sync.Mutex
	retryAt time.Time // zero while Redis is up
}

// begin notes a command that failed. It reports whether Redis was up until then.
func (o *outage) begin() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	wasUp := o.retryAt.IsZero()
	o.retryAt = time.Now().Add(retryInterval)
	return wasUp
}

// end notes a command that succeeded. It reports whether Redis was down until then.
func (o *outage) end() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	wasDown := !o.retryAt.IsZero()
	o.retryAt = time.Time{}
	return wasDown
}

// skipsRedis reports whether a request should not ask Redis, because it is down. From time to time one request should.
func (o *outage) skipsRedis() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	isDown, now := !o.retryAt.IsZero(), time.Now()
	if isDown && !now.Before(o.retryAt) {
		o.retryAt = now.Add(retryInterval)
		return false
	}
	return isDown
}
