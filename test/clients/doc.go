// Package clients tests the keyhaven binary with the programs that people use
// against it: aws-cli and boto3 (Debian's and a current one), the AWS SDKs for Go
// and for JavaScript, rclone, s3cmd, restic and curl.
//
// It owns the walk of the main job from end to end, the blocks of the README,
// which it runs as they are written, and the behaviour of the process: flags,
// data directory, signals. Each test starts a server of its own on free ports
// over an empty directory, and fails when the server's log holds a secret or an
// error of the server.
//
// The tests have the build tag e2e, since they need the programs that `make deps`
// installs; a missing program is a failure. `make e2e` runs them.
package clients
