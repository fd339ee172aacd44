//go:build unix

package main

import "syscall"

// descriptors returns how many the process may open.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1 << 10
	}
	return int(min(uint64(limit.Cur), 1<<30))
}
