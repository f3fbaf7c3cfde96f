// Package createmodel tests Create against a simulated service with random habits, in virtual time. Each run is made
// from bytes: a plan says how the service treats what it is sent, which other clients upload to the same tenant, what
// fails, and which certificates are created. The run is then judged by what the service really holds.
//
//	go test ./test/createmodel                                   # 500 runs
//	INTUNE_MODEL_RUNS=100000 go test -v ./test/createmodel       # more runs, and the counts
//	INTUNE_MODEL_SEED=1234 go test -v ./test/createmodel         # one run again, with its plan and its requests
package createmodel
