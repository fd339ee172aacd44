//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime returns what the process has used of it, and 0 when the system
// does not tell.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
