package policy

import (
	"bytes"
	"slices"
	"unicode"
)

// Kind says what a document is attached to, which decides what it may hold.
type Kind uint8

// The kinds of documents.
const (
	Identity Kind = iota // of a user, a group or a role; a boundary; a session
	Resource             // of a bucket
	Trust                // of a role: who may assume it
)

// Effect is what a statement does.
type Effect uint8

// The effects.
const (
	Allow Effect = iota
	Deny
)

// The limits of documents, in bytes. IAM's quotas per user, group and role are
// its callers' to keep: see Size.
const (
	MaxDocument       = 131072 // the IAM API's own
	MaxBucketDocument = 20480  // S3's limit of a bucket policy
)

// The versions of the language. Only documents of the newer one have variables.
const (
	Version2012 = "2012-10-17"
	Version2008 = "2008-10-17"
)

// Document is a policy that was read, ready to evaluate. It is immutable.
type Document struct {
	ID         string
	Version    string // Version2008 when the document names none
	Statements []Statement
	text       []byte
	keys       []string // condition keys and variables, lower case, sorted
}

// Statement is one statement of a document.
type Statement struct {
	Sid        string
	Effect     Effect
	Start, End Position
	index      int

	principals   *principals // nil when the document has none
	notPrincipal bool
	actions      []pattern // in lower case
	actionTexts  []string
	notAction    bool
	resources    []arnPattern // empty in trust policies
	resourceText []string
	notResource  bool
	conditions   []condition
}

// Position is a place in the text of a document, counted from 1 as
// SimulatePrincipalPolicy does.
type Position struct{ Line, Column int }

func (d *Document) position(offset int) Position {
	before := d.text[:offset]
	line := bytes.Count(before, []byte("\n"))
	return Position{Line: line + 1, Column: offset - (bytes.LastIndexByte(before, '\n') + 1) + 1}
}

// ContextKeys returns the condition keys and variables that the document names,
// in lower case, sorted.
func (d *Document) ContextKeys() []string { return slices.Clone(d.keys) }

// Text returns the document as it was given. Do not change it.
func (d *Document) Text() []byte { return d.text }

// Size returns the characters of a document as IAM's quotas count them: without
// white space.
func Size(doc []byte) int {
	n := 0
	for _, r := range string(doc) {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
