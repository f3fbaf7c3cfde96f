package redisquota

// This file lets the tests of the scripts reserve turns without waiting for them.

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/throttle"
)

// NetworkMargin extends each window.
const NetworkMargin = throttle.NetworkMargin

// Turns reserves turns in Redis.
type Turns struct{ store store }

// NewTurns returns the turns of a key.
func NewTurns(client redis.UniversalClient, key string, quotas ...intune.Quota) *Turns {
	return &Turns{store{client: client, prefix: "intune:{" + key + "}:", quotas: quotas}}
}

// Reserve returns the time until the turn.
func (t *Turns) Reserve(ctx context.Context, id, method string) (time.Duration, error) {
	reserved, err := t.store.reserve(ctx, t.store.newTurn(id, method))
	return reserved.delay, err
}

// GiveBack frees a turn.
func (t *Turns) GiveBack(ctx context.Context, id, method string) {
	t.store.giveBack(ctx, t.store.newTurn(id, method))
}
