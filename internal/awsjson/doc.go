// Package awsjson maps the AWS SDK's own Go types to and from the bodies of the
// AWS JSON 1.1 protocol, so that the shapes of a JSON door cannot drift from
// the SDKs that call it.
//
// A member is the Go field with its first letter lowered. Unexported fields and
// ResultMetadata are no members. Times are numbers of seconds since 1970 with
// a fraction of milliseconds. A nil member is left out; an empty list that is
// not nil is written as [].
//
// It promises that Decode never panics, reads at most MaxDepth levels and
// MaxValues values, and answers every fault of the body with an *Error that
// names the member and repeats no value. Unknown members are read over.
//
// It never checks lengths, patterns or required members: those are rules of an
// operation, not of the protocol.
package awsjson
