package pebblekv

import (
	"errors"
	"syscall"
	"time"
)

const (
	descriptorPause    = 10 * time.Millisecond
	descriptorPatience = time.Minute
)

// patient runs op again while the process or the system has no file descriptor
// left. That is no fault of the disk, and passes: connections end.
func (f *fuse) patient(op func() error) error {
	err := op()
	for began := time.Now(); noDescriptor(err) && time.Since(began) < descriptorPatience; {
		select {
		case <-f.dead:
			return err
		case <-time.After(descriptorPause):
		}
		err = op()
	}
	return err
}

func noDescriptor(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
