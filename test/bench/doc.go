// Command bench measures Keyhaven against a ceiling: a server that answers the
// same calls with net/http and does nothing else. Both run as processes of their
// own, on the same machine, in the same run, under the same client; the figure
// is the ratio. docs/performance.md says what the columns mean.
//
//	go run ./test/bench                      the short table
//	go run ./test/bench -full -time 5s       the whole one
//	go run ./test/bench -run put/4KiB        what matches, out of the whole one
//	go run ./test/bench -client sdk          single objects by the AWS SDK for Go
//	go run ./test/bench -peer minio=http://127.0.0.1:9100 -peer-key ID:SECRET
//	go run ./test/bench -growth 1000000      a large installation against a small one
package main
