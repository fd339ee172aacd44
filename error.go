package keyhaven

import (
	"errors"
	"strings"
)

// Kind says what went wrong, in words that every door can translate.
type Kind uint8

// The kinds. The zero value is Internal, so an error that nobody classified is
// reported as ours and never as the caller's.
const (
	Internal Kind = iota
	Invalid
	NotFound
	AlreadyExists
	Conflict
	NotEmpty
	PreconditionFailed
	Denied
	Unauthenticated
	LimitExceeded
	TooLarge
	Throttled
	Unavailable
	NotImplemented
	numKinds
)

var kindNames = [numKinds]string{
	"internal", "invalid", "not found", "already exists", "conflict", "not empty",
	"precondition failed", "denied", "unauthenticated", "limit exceeded", "too large",
	"throttled", "unavailable", "not implemented",
}

func (k Kind) String() string {
	if k < numKinds {
		return kindNames[k]
	}
	return "unknown kind"
}

// Kinds returns every kind, for tests that range over them.
func Kinds() []Kind {
	ks := make([]Kind, numKinds)
	for i := range ks {
		ks[i] = Kind(i)
	}
	return ks
}

// Noun says what it went wrong with.
type Noun uint8

// The nouns that errors are about. NoNoun is for errors about the request as a
// whole.
const (
	NounNone Noun = iota
	NounAccount
	NounAccessKey
	NounBucket
	NounBucketName
	NounBundle
	NounAccessRules
	NounObject
	NounObjectKey
	NounVersion
	NounDeleteMarker
	NounUpload
	NounPart
	NounPartOrder
	NounPartSize
	NounRange
	NounDigest
	NounChecksum
	NounOperation
	NounResource
	NounTag
	NounPageToken
	NounStorage
	NounConfiguration // a configuration document of a bucket
	NounObjectLock
	NounUser
	NounGroup
	NounRole
	NounPolicy
	NounPolicyDocument
	NounLoginProfile
	NounPassword
	NounInstanceProfile
	NounIdentityProvider
	NounInstance
	NounSession
	NounNotification
	NounQuota // of a plan
	NounAlarm
	NounContact   // where an account is told of alarms
	NounLogTarget // where access records go
	NounEncryption
	NounMFADevice
	numNouns
)

var nounNames = [numNouns]string{
	"", "account", "access key", "bucket", "bucket name", "bundle", "access rules",
	"object", "object key", "version", "delete marker", "upload", "part", "part order",
	"part size", "range", "digest", "checksum", "operation", "resource", "tag", "page token",
	"storage", "configuration", "object lock", "user", "group", "role", "policy", "policy document", "login profile", "password",
	"instance profile", "identity provider", "instance", "session", "notification", "quota", "alarm", "contact", "log target", "encryption", "MFA device",
}

func (n Noun) String() string {
	if n < numNouns {
		return nounNames[n]
	}
	return "unknown noun"
}

// Error is the one error that crosses floors. Doors translate (Kind, Noun) to
// their wire; Msg is for the caller and never holds a secret; Err is for the
// log only.
type Error struct {
	Kind Kind
	Noun Noun
	ID   string // which one: a bucket name, an object key, an upload id
	Msg  string // a sentence for the caller; a door has a default for ""
	Err  error  // the cause; logged, never sent
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Noun != NounNone {
		b.WriteString(e.Noun.String())
		if e.ID != "" {
			b.WriteString(" " + quote(e.ID))
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Kind.String())
	if e.Msg != "" {
		b.WriteString(": " + e.Msg)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// quote keeps log lines single and short, whatever the client sent.
func quote(s string) string {
	const most = 128
	if len(s) > most {
		s = s[:most] + "…"
	}
	return `"` + strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == '"' {
			return '?'
		}
		return r
	}, s) + `"`
}

// KindOf returns the kind of err: Internal for anything that is not an *Error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is an *Error of this kind about this noun.
func Is(err error, k Kind, n Noun) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == k && e.Noun == n
}
