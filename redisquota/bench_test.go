package redisquota_test

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/throttle"
	"github.com/seed-230b9595/intune-go/redisquota"
)

// BenchmarkWait compares a request that need not wait with one of the local limiter.
func BenchmarkWait(b *testing.B) {
	const plenty = 1_000_000
	quotas := []intune.Quota{
		{Requests: plenty, Window: time.Millisecond, Methods: intune.IntuneAppsQuota()[0].Methods},
		{Requests: plenty, Window: time.Millisecond},
	}
	local := throttle.NewWindows([]throttle.Quota{throttle.Quota(quotas[0]), throttle.Quota(quotas[1])})
	limiters := map[string]intune.Limiter{
		"local": local,
		"redis": newLimiter(b, startRedis(b).client(b), redisquota.WithQuota(quotas...)),
	}
	for name, limiter := range limiters {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := limiter.Wait(b.Context(), "POST"); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/16 goroutines", func(b *testing.B) {
			b.SetParallelism(8) // for each of 2 processors
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := limiter.Wait(b.Context(), "POST"); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkReserve reserves a turn behind others that wait, and gives it back.
func BenchmarkReserve(b *testing.B) {
	for _, waiting := range []int{0, 100, 1000} {
		b.Run(fmt.Sprintf("%d waiting", waiting), func(b *testing.B) {
			turns := redisquota.NewTurns(startRedis(b).client(b), b.Name(), intune.IntuneAppsQuota()...)
			var n atomic.Uint64
			reserve := func() string {
				id := strconv.FormatUint(n.Add(1), 36)
				if _, err := turns.Reserve(context.Background(), id, "POST"); err != nil {
					b.Fatal(err)
				}
				return id
			}
			for range 100 + waiting {
				reserve()
			}
			for b.Loop() {
				turns.GiveBack(b.Context(), reserve(), "POST")
			}
		})
	}
}
