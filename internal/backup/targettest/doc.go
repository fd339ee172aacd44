// Package targettest is the contract of the backup.Target seam as a test suite,
// and a target that fails on purpose.
package targettest
