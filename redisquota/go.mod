module github.com/seed-230b9595/intune-go/redisquota

go 1.26.0

replace github.com/seed-230b9595/intune-go => ..

require (
	github.com/redis/go-redis/v9 v9.22.0
	github.com/seed-230b9595/intune-go v0.0.0-00010101000000-000000000000
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	go.uber.org/atomic v1.11.0 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.30.0 // indirect
)
