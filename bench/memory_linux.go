package main

import (
	"os"
	"syscall"
)

// maxMemory is the resident memory of the largest process among the one that has ended and its children, in bytes.
func maxMemory(of *os.ProcessState) int64 {
	usage, ok := of.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
