package redisquota

// This file has the operations in Redis.

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/throttle"
)

const (
	// timeLimit is for one command. The client's own limits are for each try and each connection.
	timeLimit = 3 * time.Second

	// healthCheck is how often an idle subscription is checked.
	healthCheck = time.Minute
)

var errNoReply = fmt.Errorf("redisquota: no reply from Redis within %s", timeLimit)

//go:embed turns.lua
var turnsSource string

//go:embed pause.lua
var pauseSource string

var (
	turnsScript = redis.NewScript(turnsSource)
	pauseScript = redis.NewScript(pauseSource)
)

// store keeps the reserved turns of each quota in a sorted set, the times before which all turns are taken in a hash, and
// the pause in a key that expires when it ends.
type store struct {
	client redis.UniversalClient
	prefix string // of the keys, with a hash tag that puts them in one slot of a Cluster
	quotas []intune.Quota
}

func (s *store) pauseKey() string { return s.prefix + "pause" }

// turn is a request for a turn.
type turn struct {
	id     string
	keys   []string // the pause, the hash, and the quotas that count the request
	quotas []any    // the number of requests and the window of each
}

func (s *store) newTurn(id, method string) *turn {
	t := &turn{id: id, keys: []string{s.pauseKey(), s.prefix + "full"}}
	for i, q := range s.quotas {
		if len(q.Methods) == 0 || slices.Contains(q.Methods, method) {
			t.keys = append(t.keys, s.prefix+strconv.Itoa(i))
			t.quotas = append(t.quotas, q.Requests, (q.Window + throttle.NetworkMargin).Microseconds())
		}
	}
	return t
}

// args returns the arguments of the script, which gives the turn back and may reserve another one.
func (t *turn) args(reserves int) []any { return append([]any{t.id, reserves}, t.quotas...) }

// reservation is a turn that a request has.
type reservation struct {
	delay time.Duration // until the turn
	pause time.Duration // that is left
}

// reserve reserves a turn. If the context ends first, or Redis does not reply in time, the turn is given back.
func (s *store) reserve(ctx context.Context, t *turn) (reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	replies := s.run(ctx, turnsScript, t.keys, t.args(1)...)
	select {
	case r := <-replies:
		const delayAndPause = 2
		values, err := r.Int64Slice()
		switch {
		case err != nil:
			return reservation{}, fmt.Errorf("redisquota: %w", err)
		case len(values) != delayAndPause:
			return reservation{}, fmt.Errorf("redisquota: Redis sent %d values for a turn, want %d", len(values), delayAndPause)
		}
		return reservation{time.Duration(values[0]) * time.Microsecond, time.Duration(values[1]) * time.Millisecond}, nil
	case <-ctx.Done():
		go func() {
			<-replies
			s.giveBack(context.WithoutCancel(ctx), t)
		}()
		return reservation{}, errNoReply
	}
}

// giveBack frees a turn for the next request that arrives. If that fails, the turn passes unused.
func (s *store) giveBack(ctx context.Context, t *turn) {
	_ = turnsScript.Run(ctx, s.client, t.keys, t.args(0)...).Err()
}

// pause holds back all requests that have not reserved a turn, and tells those that have.
func (s *store) pause(pause time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeLimit)
	defer cancel()
	select {
	case r := <-s.run(ctx, pauseScript, []string{s.pauseKey()}, (pause + time.Millisecond - 1).Milliseconds()):
		if err := r.Err(); !errors.Is(err, redis.Nil) { // a script without a result
			return err
		}
		return nil
	case <-ctx.Done():
		return errNoReply
	}
}

// run runs a script. It does not wait for the reply, because the client does not stop at the end of a context once it
// has sent a command.
func (s *store) run(ctx context.Context, script *redis.Script, keys []string, args ...any) <-chan *redis.Cmd {
	replies := make(chan *redis.Cmd, 1)
	go func() { replies <- script.Run(context.WithoutCancel(ctx), s.client, keys, args...) }()
	return replies
}

// receivePauses calls begin with the pauses of all processes as they begin, until the client is closed. Requests that reserve a
// turn learn of a pause from their reservation. This is for those that are waiting.
func (s *store) receivePauses(begin func(time.Duration)) {
	subscription := s.client.Subscribe(context.Background(), s.pauseKey())
	defer func() { _ = subscription.Close() }()
	for message := range subscription.Channel(redis.WithChannelHealthCheckInterval(healthCheck)) {
		if ms, err := strconv.Atoi(message.Payload); err == nil {
			begin(time.Duration(ms) * time.Millisecond)
		}
	}
}
