package fileblob

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// directUnit is the alignment in memory and on file that O_DIRECT is used with.
const directUnit = 4 << 10

// directFile writes past the page cache as long as what it gets is aligned, and
// through it from then on: the end of a blob is not. Sync covers both.
type directFile struct {
	osFile
	direct bool
}

// CreateDirect is Create for a file that is large and that nobody reads at once.
// Where the file system has no O_DIRECT it is Create.
func (fsys osFS) CreateDirect(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_DIRECT, 0o600)
	if errors.Is(err, unix.EINVAL) {
		// Some file systems make the name before they refuse.
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		return fsys.Create(name)
	}
	if err != nil {
		return nil, err
	}
	return &directFile{osFile: osFile{f}, direct: true}, nil
}

func (f *directFile) Write(p []byte) (int, error) {
	if !f.direct {
		return f.File.Write(p)
	}
	done := 0
	if whole := len(p) &^ (directUnit - 1); whole > 0 && aligned(p) {
		n, err := f.File.Write(p[:whole])
		if err != nil && (n > 0 || !errors.Is(err, unix.EINVAL)) {
			return n, err
		}
		done = n // 0 on a disk that wants another alignment
	}
	if done == len(p) {
		return done, nil
	}
	if err := f.buffer(); err != nil {
		return done, err
	}
	n, err := f.File.Write(p[done:])
	return done + n, err
}

func aligned(p []byte) bool { return uintptr(unsafe.Pointer(&p[0]))%directUnit == 0 }

// buffer takes O_DIRECT off the file.
func (f *directFile) buffer() error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ferr error
	err = c.Control(func(fd uintptr) {
		flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
		if err == nil {
			_, err = unix.FcntlInt(fd, unix.F_SETFL, flags&^unix.O_DIRECT)
		}
		ferr = err
	})
	f.direct = false
	return errors.Join(err, ferr)
}
