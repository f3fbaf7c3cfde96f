// Package rotatemodel tests Rotate against simulated services with random habits, in virtual time, and by processes that
// rotate at once over real sockets.
package rotatemodel
