// Package dirtarget keeps backups in a directory: of another disk, or of another
// machine's that is mounted.
//
// A file is written in the directory tmp, synced, renamed to its place, and the
// names on the way to it are synced (D1). So a file that shows is whole, also
// after a loss of power. The lock is a flock on the file lock, which the system
// gives back when the process ends; over NFS it needs NFSv4 or a lock daemon.
package dirtarget
