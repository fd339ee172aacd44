// Command bench measures Keyhaven against a ceiling: a server that answers the
// same calls with net/http and does nothing else. Both run as processes of their
// own, on the same machine, in the same run, under the same client; the figure
// is the ratio.
//
//	go run ./test/bench                      the whole table
//	go run ./test/bench -run put/4KiB        one workload
//	go run ./test/bench -peer minio=http://127.0.0.1:9100 -peer-key ID:SECRET
package main
