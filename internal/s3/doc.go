// Package s3 is the door that speaks S3's REST protocol
// (Amazon S3 API reference, version 2006-03-01): path style and virtual-host
// style, XML documents, headers for everything else.
//
// Every operation is a row in operations.go: its name, how a request selects it,
// the IAM action, the handler. Rows without a handler are operations of S3 that
// this release does not have; they answer NotImplemented. A request takes six
// steps, in the one method serve: route, authenticate, decode, authorize,
// handle, encode or writeError.
//
// The door knows the wire and no rules: it hands typed inputs to the services
// and translates their errors in one table (errors.go).
package s3
