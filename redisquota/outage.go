package redisquota

// This file handles outages of Redis.

import (
	"sync"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/throttle"
)

// retryInterval is how often one request asks Redis although it is down.
const retryInterval = 2 * time.Second

// outage is whether Redis is down.
type outage struct {
	mu      sync.Mutex
	isDown  bool
	retryAt time.Time
}

// begin notes a command that failed. It reports whether Redis was up until then.
func (o *outage) begin() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	wasUp := !o.isDown
	o.isDown, o.retryAt = true, time.Now().Add(retryInterval)
	return wasUp
}

// end notes a command that succeeded. It reports whether Redis was down until then.
func (o *outage) end() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	wasDown := o.isDown
	o.isDown = false
	return wasDown
}

// skipsRedis reports whether a request should not ask Redis, because it is down. From time to time one request should.
func (o *outage) skipsRedis() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.isDown {
		return false
	}
	now := time.Now()
	if now.Before(o.retryAt) {
		return true
	}
	o.retryAt = now.Add(retryInterval)
	return false
}

// divided returns the share that one of several processes has of the quotas.
func divided(quotas []intune.Quota, processes int) throttle.Windows {
	shares := make([]throttle.Quota, len(quotas))
	for i, q := range quotas {
		shares[i] = throttle.Quota(q)
		shares[i].Requests /= processes
	}
	return throttle.NewWindows(shares)
}
