package policy

import "fmt"

// Error says what is wrong with a document. Doors send it as
// MalformedPolicyDocument (IAM, STS) or MalformedPolicy (S3).
type Error struct {
	Msg string // a sentence in the words of the service whose document it is
}

func (e *Error) Error() string { return "policy: " + e.Msg }

func wrong(format string, args ...any) *Error { return &Error{Msg: fmt.Sprintf(format, args...)} }

// say picks the sentence of IAM or of S3.
func (k Kind) say(iam, s3 string) *Error {
	if k == Resource {
		return &Error{Msg: s3}
	}
	return &Error{Msg: iam}
}

func (k Kind) syntax() *Error { return k.say("Syntax errors in policy.", "Invalid policy syntax.") }

func (k Kind) notJSON() *Error {
	return k.say("Syntax errors in policy.", "Policies must be valid JSON and the first byte must be '{'")
}
