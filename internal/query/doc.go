// Package query is the frame of the doors that speak the AWS Query protocol, IAM
// and STS: it takes a request through the six steps, route → authenticate →
// decode → authorize → handle → encode, and knows the errors that both have. It
// knows no operation.
package query
