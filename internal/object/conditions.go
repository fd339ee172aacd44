package object

import (
	"net/http"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
)

// Conditions are the preconditions of a request (RFC 9110 §13). The tags are as
// the headers carry them: "*" or a list, quoted or not.
type Conditions struct {
	IfMatch           string
	IfNoneMatch       string
	IfModifiedSince   time.Time
	IfUnmodifiedSince time.Time
	IfRange           string // a tag or a date; the range counts only if it holds
}

// IsZero reports whether there is no condition.
func (c Conditions) IsZero() bool { return c == Conditions{} }

// outcome is what the conditions of a read say.
type outcome uint8

const (
	proceed outcome = iota
	notModified
	failed
)

// read evaluates the conditions of GET and HEAD against an object, in the order
// of RFC 9110 §13.2.2. Times have a resolution of a second.
func (c Conditions) read(o *keyhaven.Object) outcome {
	mod := o.ModTime.Truncate(time.Second)
	switch {
	case c.IfMatch != "":
		if !matchTag(c.IfMatch, o.ETag.String()) {
			return failed
		}
	case !c.IfUnmodifiedSince.IsZero() && mod.After(c.IfUnmodifiedSince):
		return failed
	}
	switch {
	case c.IfNoneMatch != "":
		if matchTag(c.IfNoneMatch, o.ETag.String()) {
			return notModified
		}
	case !c.IfModifiedSince.IsZero() && !mod.After(c.IfModifiedSince):
		return notModified
	}
	return proceed
}

// write evaluates the conditions of a change against the current object; cur is
// nil when there is none.
func (c Conditions) write(key string, cur *keyhaven.Object) error {
	if cur != nil && cur.DeleteMarker {
		cur = nil
	}
	if c.IfMatch != "" {
		if cur == nil {
			return noKey(key)
		}
		if !matchTag(c.IfMatch, cur.ETag.String()) {
			return preconditionFailed("If-Match")
		}
	}
	if c.IfNoneMatch != "" && cur != nil && matchTag(c.IfNoneMatch, cur.ETag.String()) {
		return preconditionFailed("If-None-Match")
	}
	return nil
}

// failedRead names the condition of a read that failed, as its header is called.
func (c Conditions) failedRead() error {
	if c.IfMatch != "" {
		return preconditionFailed("If-Match")
	}
	return preconditionFailed("If-Unmodified-Since")
}

// modified is what "not modified" means to a copy, which has no such answer.
func (c Conditions) modified() error {
	if c.IfNoneMatch != "" {
		return preconditionFailed("If-None-Match")
	}
	return preconditionFailed("If-Modified-Since")
}

// keepsRange reports whether If-Range lets the range of a request count (RFC
// 9110 §13.1.5): a client that resumes must not get the rest of another object.
func (c Conditions) keepsRange(o *keyhaven.Object) bool {
	if c.IfRange == "" {
		return true
	}
	if t, err := http.ParseTime(c.IfRange); err == nil {
		return o.ModTime.Truncate(time.Second).Equal(t)
	}
	return strings.Trim(c.IfRange, `"`) == o.ETag.String()
}

func preconditionFailed(which string) error {
	return &keyhaven.Error{Kind: keyhaven.PreconditionFailed, Noun: keyhaven.NounObject, ID: which}
}

// matchTag reports whether the list names the tag. Weak tags are compared as
// strong ones, as S3 has no weak tags of its own.
func matchTag(list, tag string) bool {
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
		if item == "*" || strings.Trim(item, `"`) == tag {
			return true
		}
	}
	return false
}
