// Package awsquery maps the AWS SDK's own Go types to and from the AWS Query
// protocol, so that the shapes of a Query door cannot drift from the SDKs that
// call it.
//
// A request is a form: Action, Version, and a parameter for each member under
// its Go name. Lists are Name.member.N, nested structures Name.Member, maps
// Name.entry.N.key and .value. An answer is XML: <ActionResponse> around
// <ActionResult> and <ResponseMetadata>. Times are RFC 3339 in seconds, bytes
// are base64. A nil member is left out; an empty list that is not nil is an
// empty element. ResultMetadata and unexported fields are no members.
//
// It promises that Parse and Decode never panic, take at most MaxParameters
// parameters of MaxDepth parts, and answer every fault of the request with an
// *Error that names the parameter and repeats no value. Unknown parameters are
// read over, as AWS does.
//
// It never checks lengths, patterns or required members: those are rules of an
// operation, not of the protocol.
package awsquery
