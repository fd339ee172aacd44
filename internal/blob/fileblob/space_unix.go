//go:build linux || darwin

package fileblob

import (
	"math"

	"golang.org/x/sys/unix"
)

// Space implements spacer. File systems that make inodes as they are needed
// count none.
func (osFS) Space(dir string) (bytes, files int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	files = math.MaxInt64
	if st.Files > 0 {
		files = int64(min(st.Ffree, math.MaxInt64))
	}
	return int64(min(st.Bavail, math.MaxInt64/uint64(st.Bsize)) * uint64(st.Bsize)), files, nil
}
