package check

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Finding is one thing that is not as it must be.
type Finding struct {
	Subject string `json:"subject"` // what it is about, for a person
	Problem string `json:"problem"`
	Advice  string `json:"advice"`

	// What the subject is, where it is an object or a part of one.
	Bucket  string `json:"bucket,omitempty"`
	Key     string `json:"key,omitempty"`
	Version string `json:"version,omitempty"`
	Blob    string `json:"blob,omitempty"`

	Repairable bool `json:"repairable,omitempty"` // by Run with Repair
}

// String is the finding in one line.
func (f Finding) String() string { return f.Subject + ": " + f.Problem + "; " + f.Advice }

// What to do about the kinds of findings.
const (
	adviceRepair  = "repair it with keyhaven fsck --repair"
	adviceRestore = "restore the object from a backup, or overwrite or delete it"
	adviceRecord  = "restore from a backup: the record is lost"
	adviceSpace   = "it does no harm but takes space; keep a copy of the directory and report this as a bug"
	adviceBug     = "keep a copy of the directory and report this as a bug"
)

// subject says what a finding is about.
type subject struct {
	text                 string
	bucket, key, version string
}

func (s subject) finding(problem, advice string) Finding {
	return Finding{Subject: s.text, Problem: problem, Advice: advice, Bucket: s.bucket, Key: s.key, Version: s.version}
}

func versionSubject(bucket string, v *meta.Version) subject {
	id := v.Version.String()
	return subject{
		text:   fmt.Sprintf("object %s/%s version %s", bucket, quote(v.Key), id),
		bucket: bucket, key: v.Key, version: id,
	}
}

func uploadSubject(bucket string, u *meta.Upload) subject {
	return subject{text: fmt.Sprintf("upload %s of %s/%s", u.ID, bucket, quote(u.Key)), bucket: bucket, key: u.Key}
}

func partSubject(u subject, p *meta.PartRecord) subject {
	u.text = "part " + strconv.Itoa(p.Number) + " of " + u.text
	return u
}

// entrySubject names an entry by its kind and what its key says.
func entrySubject(e *meta.Entry) subject {
	switch {
	case e.ObjectKey != "":
		return subject{text: fmt.Sprintf("%s %s of bucket id %x", e.Kind, quote(e.ObjectKey), e.Bucket), key: e.ObjectKey}
	case e.Name != "":
		return subject{text: e.Kind.String() + " " + quote(e.Name)}
	case !e.ID.IsZero():
		return subject{text: e.Kind.String() + " " + e.ID.String()}
	}
	return subject{text: fmt.Sprintf("%s with key %x", e.Kind, e.Key)}
}

// quote keeps what a client chose in one line.
func quote(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

// dataProblem says what is wrong with bytes that could not be read.
func dataProblem(what string, err error) string {
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return what + " is missing"
	case errors.Is(err, blob.ErrCorrupt):
		return what + " is damaged: " + err.Error()
	}
	return what + " cannot be read: " + err.Error()
}

// bucketName is how a bucket is called in findings.
func bucketName(names map[keyhaven.BucketID]*bucketState, id keyhaven.BucketID) string {
	if b := names[id]; b != nil && b.name != "" {
		return b.name
	}
	return fmt.Sprintf("(bucket id %x)", id)
}
