package fileblob

import "golang.org/x/sys/unix"

// Sync uses fdatasync, which leaves out only what reading back does not need:
// the times of the inode. The size is needed, so it is covered, and so is the
// inode of a new file.
func (f osFile) Sync() error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var serr error
	err = c.Control(func(fd uintptr) {
		for serr = unix.EINTR; serr == unix.EINTR; {
			serr = unix.Fdatasync(int(fd))
		}
	})
	if err != nil {
		return err
	}
	return serr
}

// Writeback starts the writing without waiting, so that the sync at the end has
// little left to do. It is no sync, and its errors show again in Sync.
func (f osFile) Writeback(off, n int64) {
	c, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = c.Control(func(fd uintptr) {
		_ = unix.SyncFileRange(int(fd), off, n, unix.SYNC_FILE_RANGE_WRITE)
	})
}
