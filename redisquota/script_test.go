package redisquota_test

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/redisquota"
)

// scores returns the turns of a quota in microseconds of the server's clock, in order.
func scores(t *testing.T, client *redis.Client, key string, quota int) map[string]int64 {
	t.Helper()
	members, err := client.ZRangeWithScores(t.Context(), "intune:{"+key+"}:"+strconv.Itoa(quota), 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	turns := make(map[string]int64)
	for _, m := range members {
		turns[m.Member.(string)] = int64(m.Score)
	}
	return turns
}

// fits reports whether one more turn keeps a quota.
func fits(turns map[string]int64, turn int64, q intune.Quota) bool {
	all := []int64{turn}
	for _, at := range turns {
		all = append(all, at)
	}
	slices.Sort(all)
	for i := range max(len(all)-q.Requests, 0) {
		if all[i+q.Requests]-all[i] < (q.Window + redisquota.NetworkMargin).Microseconds() {
			return false
		}
	}
	return true
}

// TestTurnIsTheEarliestThatEveryQuotaAllows compares the script with a search through all possible turns, while turns
// are reserved and given back at random.
func TestTurnIsTheEarliestThatEveryQuotaAllows(t *testing.T) {
	client := startRedis(t).client(t)
	quotas := []intune.Quota{
		{Requests: 3, Window: 5 * time.Second, Methods: []string{"POST", "PATCH"}},
		{Requests: 8, Window: 7 * time.Second},
		{Requests: 1, Window: time.Second, Methods: []string{"PATCH"}},
	}
	methods := []string{"GET", "GET", "POST", "PATCH"}
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		key := t.Name() + strconv.FormatUint(seed, 10)
		turns := redisquota.NewTurns(client, key, quotas...)
		reserved := make(map[string]string) // methods by ids
		for i := range 120 {
			if len(reserved) > 0 && random.IntN(4) == 0 {
				for id, method := range reserved { // any
					turns.GiveBack(t.Context(), id, method)
					delete(reserved, id)
					break
				}
				continue
			}
			id, method := strconv.Itoa(i), methods[random.IntN(len(methods))]
			counting := make(map[int]map[string]int64) // before the reservation
			for q := range quotas {
				if len(quotas[q].Methods) == 0 || slices.Contains(quotas[q].Methods, method) {
					counting[q] = scores(t, client, key, q)
				}
			}
			delay, err := turns.Reserve(t.Context(), id, method)
			if err != nil {
				t.Fatal(err)
			}
			reserved[id] = method
			turn := scores(t, client, key, 1)[id]
			now := turn - delay.Microseconds()
			possible := []int64{now}
			for q, before := range counting {
				for _, at := range before {
					possible = append(possible, at+(quotas[q].Window+redisquota.NetworkMargin).Microseconds())
				}
			}
			slices.Sort(possible)
			want := possible[slices.IndexFunc(possible, func(at int64) bool {
				for q, before := range counting {
					if !fits(before, at, quotas[q]) {
						return false
					}
				}
				return at >= now
			})]
			if turn != want {
				t.Fatalf("seed %d, request %d: the turn is %d µs after the earliest one", seed, i, turn-want)
			}
		}
	}
}

func TestTurnsAreInOrderOfArrival(t *testing.T) {
	client := startRedis(t).client(t)
	quotas := intune.IntuneAppsQuota()
	turns := redisquota.NewTurns(client, t.Name(), quotas...)
	const requests = 250
	for i := range requests {
		delay, err := turns.Reserve(t.Context(), strconv.Itoa(i), "POST")
		if err != nil || i < 100 && delay != 0 {
			t.Fatalf("write %d waits %v, %v", i, delay, err)
		}
	}
	if delay, err := turns.Reserve(t.Context(), "read", "GET"); delay != 0 || err != nil {
		t.Errorf("a read waits %v behind the writes: %v", delay, err)
	}
	writes := scores(t, client, t.Name(), slices.IndexFunc(quotas, func(q intune.Quota) bool { return len(q.Methods) > 0 }))
	for i := 1; i < requests; i++ {
		if writes[strconv.Itoa(i)] < writes[strconv.Itoa(i-1)] {
			t.Errorf("write %d has a turn before the one that came earlier", i)
		}
	}
}

func TestTurnThatIsGivenBackGoesToTheNext(t *testing.T) {
	turns := redisquota.NewTurns(startRedis(t).client(t), t.Name(), intune.Quota{Requests: 1, Window: time.Hour})
	reserve := func(id string) time.Duration {
		delay, err := turns.Reserve(t.Context(), id, "POST")
		if err != nil {
			t.Fatal(err)
		}
		return delay.Round(time.Hour)
	}
	got := []time.Duration{reserve("a"), reserve("b"), reserve("c")}
	turns.GiveBack(t.Context(), "b", "POST")
	got = append(got, reserve("d"), reserve("e"))
	if want := []time.Duration{0, time.Hour, 2 * time.Hour, time.Hour, 3 * time.Hour}; !slices.Equal(got, want) {
		t.Errorf("the turns are at %v, want %v", got, want)
	}
}

// TestRepeatedCommandReservesOneTurn: the client of Redis repeats a command whose reply it has lost.
func TestRepeatedCommandReservesOneTurn(t *testing.T) {
	client := startRedis(t).client(t)
	turns := redisquota.NewTurns(client, t.Name(), intune.Quota{Requests: 2, Window: time.Minute})
	for range 5 {
		if delay, err := turns.Reserve(t.Context(), "same", "POST"); delay != 0 || err != nil {
			t.Errorf("it waits %v, %v", delay, err)
		}
	}
	if got := scores(t, client, t.Name(), 0); len(got) != 1 {
		t.Errorf("the turns are %v, want one", got)
	}
}

func TestKeysExpireAfterTheLastTurn(t *testing.T) {
	client := startRedis(t).client(t)
	turns := redisquota.NewTurns(client, t.Name(), intune.Quota{Requests: 1, Window: time.Hour})
	for _, id := range []string{"a", "b", "c"} {
		if _, err := turns.Reserve(t.Context(), id, "POST"); err != nil {
			t.Fatal(err)
		}
	}
	turns.GiveBack(t.Context(), "b", "POST")
	if _, err := turns.Reserve(t.Context(), "d", "POST"); err != nil { // before c
		t.Fatal(err)
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("the keys are %v, %v", keys, err)
	}
	for _, key := range keys {
		if left := client.PTTL(t.Context(), key).Val().Round(time.Hour); left != 3*time.Hour {
			t.Errorf("%s expires in %v, want a window after the third turn", key, left)
		}
	}
}

// arguments notes what is sent to Redis.
type arguments struct {
	mu   sync.Mutex
	sent [][]any
}

func (a *arguments) DialHook(next redis.DialHook) redis.DialHook { return next }

func (a *arguments) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (a *arguments) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			a.mu.Lock()
			a.sent = append(a.sent, cmd.Args()[2:]) // after the command and the script
			a.mu.Unlock()
		}
		return next(ctx, cmd)
	}
}

func TestScriptsGetNoTimeOfAClient(t *testing.T) {
	client := startRedis(t).client(t)
	sent := new(arguments)
	client.AddHook(sent)
	limiter := newLimiter(t, client, redisquota.WithQuota(intune.IntuneAppsQuota()...))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := limiter.Wait(ctx, "POST"); err != nil {
		t.Fatal(err)
	}
	limiter.Pause(1500 * time.Microsecond)
	prefix := "intune:{" + t.Name() + "}:"
	id := sent.sent[0][5]
	want := [][]any{
		{4, prefix + "pause", prefix + "full", prefix + "0", prefix + "1", id, 1, 100, int64(20_400_000), 1000, int64(20_400_000)},
		{1, prefix + "pause", int64(2)},
	}
	if !reflect.DeepEqual(sent.sent, want) {
		t.Errorf("sent %v, want %v", sent.sent, want)
	}
}

// TestWorkOfTheScriptDoesNotGrow with the number of requests that wait: it is the same behind 500 and behind 1,600.
func TestWorkOfTheScriptDoesNotGrow(t *testing.T) {
	client := startRedis(t).client(t)
	quotas := intune.IntuneAppsQuota()
	for i := range quotas {
		quotas[i].Window *= 1000 // no window ends during the test
	}
	turns := redisquota.NewTurns(client, t.Name(), quotas...)
	last := 0
	reserve := func(n int) { // one after the other, so that the ids are in the order of the turns
		for range n {
			last++
			if _, err := turns.Reserve(t.Context(), strconv.Itoa(last), "POST"); err != nil {
				t.Fatal(err)
			}
		}
	}
	work := func(what func()) (total int) {
		if err := client.ConfigResetStat(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		what()
		for _, n := range operations(t, client) {
			total += n
		}
		return total
	}
	ten := func() { reserve(10) }
	giveBackAndReserve := func() {
		turns.GiveBack(t.Context(), strconv.Itoa(last-5), "POST")
		reserve(2)
	}
	reserve(545) // none of the next twenty is the first of a window
	few, fewBack := work(ten), work(giveBackAndReserve)
	reserve(1645 - last)
	many, manyBack := work(ten), work(giveBackAndReserve)
	if many > few || manyBack > fewBack {
		t.Errorf("%d operations instead of %d, with a turn given back %d instead of %d", many, few, manyBack, fewBack)
	}
}

// TestReplyOfAnotherForm is an error, whatever stands between the client and Redis.
func TestReplyOfAnotherForm(t *testing.T) {
	for _, reply := range []any{[]any{}, []any{int64(1)}, []any{int64(1), int64(2), int64(3)}, []any{"a", "b"}, []any{nil, nil}, "OK", int64(1), nil} {
		client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:0"})
		client.AddHook(forger{reply})
		if delay, err := redisquota.NewTurns(client, t.Name(), intune.IntuneAppsQuota()...).Reserve(t.Context(), "1", "POST"); err == nil || delay != 0 {
			t.Errorf("%v: got %v, %v", reply, delay, err)
		}
		_ = client.Close()
	}
}

// forger replies to every script.
type forger struct{ reply any }

func (f forger) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f forger) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (f forger) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		cmd.(*redis.Cmd).SetVal(f.reply)
		return nil
	}
}

// TestOperationsOfOneRequest measures what the documentation of the package says.
func TestOperationsOfOneRequest(t *testing.T) {
	client := startRedis(t).client(t)
	quotas := []intune.Quota{{Requests: 3, Window: time.Hour, Methods: []string{"POST"}}, {Requests: 100, Window: time.Hour}}
	limiter, turns := newLimiter(t, client, redisquota.WithQuota(quotas...)), redisquota.NewTurns(client, t.Name(), quotas...)
	wait := func(method string) func() error { return func() error { return limiter.Wait(t.Context(), method) } }
	if err := wait("GET")(); err != nil { // loads the script and subscribes
		t.Fatal(err)
	}
	eventually(t, "the subscription", func() bool { return operations(t, client)["subscribe"] == 1 })
	reserve := func() error {
		_, err := turns.Reserve(t.Context(), "fourth", "POST")
		return err
	}
	for _, test := range []struct {
		name       string
		do         func() error
		roundTrips int
		inScript   int
	}{
		{"a read", wait("GET"), 1, 10},
		{"a write", wait("POST"), 1, 17},
		{"another", wait("POST"), 1, 17},
		{"another", wait("POST"), 1, 17},
		{"a write that waits", reserve, 1, 27},
	} {
		if err := client.ConfigResetStat(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if err := test.do(); err != nil {
			t.Fatal(err)
		}
		counts := operations(t, client)
		roundTrips := counts["evalsha"]
		for _, name := range []string{"evalsha", "config", "config|resetstat", "info"} {
			delete(counts, name)
		}
		inScript := 0
		for _, n := range counts {
			inScript += n
		}
		if roundTrips != test.roundTrips || inScript != test.inScript {
			t.Errorf("%s: %d round trips and %d operations, want %d and %d: %v",
				test.name, roundTrips, inScript, test.roundTrips, test.inScript, counts)
		}
	}
}
