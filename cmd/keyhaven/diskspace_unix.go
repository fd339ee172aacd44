//go:build unix

package main

import "golang.org/x/sys/unix"

// diskSpace returns the bytes that are free to this user, and all, of the file
// system that holds path.
func diskSpace(path string) (free, total uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, 0, err
	}
	size := uint64(st.Bsize) //nolint:unconvert // its type differs between systems
	return uint64(st.Bavail) * size, uint64(st.Blocks) * size, nil
}
