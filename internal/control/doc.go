// Package control is the operator's door to a running server: a socket in the
// data directory, which only the server's user can reach. It carries the
// commands that must run inside the process that holds the directory, such as
// scrub and backup. It knows no command; cmd/keyhaven hands them in.
//
// The protocol is HTTP: POST /<command> with a JSON document of arguments. The
// answer is one JSON document a line: any number of reports, then
// {"done":true} or {"error":"…"}. An answer without such an end was cut off.
package control
