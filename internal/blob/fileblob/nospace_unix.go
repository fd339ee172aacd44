//go:build unix

package fileblob

import (
	"errors"
	"syscall"
)

// noSpace reports whether err says that the disk, its inodes or a quota is full.
func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
