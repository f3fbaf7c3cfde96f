// Package rotatemodel tests Rotate against simulated services with random habits, in virtual time, and by processes that
// rotate at once over real sockets.
//
// Each tenant of the model is made from a seed: what it holds, how its service treats and shows what it is sent, which
// certificate is rotated with which options, what fails, and who else is at work. Rotate then runs daily, in a new process
// each time. What it deletes is judged by what the service has shown to that process; what it returns, by what the service
// really holds. What a service hides, such as the re-issue under equal names, is counted.
//
//	go test ./test/rotatemodel                                              # 100 tenants
//	INTUNE_MODEL_RUNS=20000 go test -v ./test/rotatemodel                   # more of them, and the counts
//	INTUNE_MODEL_SEED=1234 go test -v -run Model ./test/rotatemodel         # one tenant again, with its story
package rotatemodel
