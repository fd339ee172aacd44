package policy

import (
	"strings"

	"github.com/keyhaven/keyhaven"
)

// Request is what is to be decided.
type Request struct {
	Principal *Principal
	Action    string // "s3:GetObject"
	Resource  string // the ARN
	// Owner is the account of the resource; empty for the principal's own.
	Owner   keyhaven.AccountID
	Context Context // nil: no keys
}

// Policy is a document and how it is attached.
type Policy struct {
	*Document
	ID   string // what SourcePolicyId names: an ARN or a name
	Type string // what SourcePolicyType names: "IAM Policy", "user", …
}

// Sources are the policies that take part. Nil documents in them are none.
type Sources struct {
	Identity []Policy
	// Implied says that the identity side allows without a document, as for a
	// root or a key of a bucket. Documents may still deny.
	Implied  bool
	Boundary []Policy // at most one; none narrows nothing
	Session  []Policy // any of them; none narrows nothing
	Resource []Policy
	// Granted says that the owner of the resource allows the principal's account
	// without a document: by an access control list or a list of accounts.
	Granted bool
	// MustResource says that the resource's policy has to allow too, whatever
	// the identity may: the trust policy of a role.
	MustResource bool
}

// Source is a place that statements come from.
type Source uint8

// The sources.
const (
	FromIdentity Source = iota
	FromResource
	FromBoundary
	FromSession
	numSources
)

// Outcome is what a decision comes to.
type Outcome uint8

// The outcomes. The zero value is a denial.
const (
	ImplicitDeny Outcome = iota
	ExplicitDeny
	Allowed
)

func (o Outcome) String() string {
	switch o {
	case Allowed:
		return "allowed"
	case ExplicitDeny:
		return "explicitDeny"
	}
	return "implicitDeny"
}

// Decision is the answer. Of a denial, Source is where an allow was missing or
// the deny stands.
type Decision struct {
	Outcome Outcome
	Source  Source
}

// Match is a statement that took part in a decision.
type Match struct {
	Source    Source
	Policy    *Policy
	Statement *Statement
}

// Evaluate decides a request.
func Evaluate(req *Request, src *Sources) Decision {
	d, _ := evaluate(req, src, false)
	return d
}

// Explain decides a request and tells the statements that made the decision: of
// an explicit deny those that deny, of an allow those that allow.
func Explain(req *Request, src *Sources) (Decision, []Match) {
	d, matches := evaluate(req, src, true)
	want := Allow
	if d.Outcome == ExplicitDeny {
		want = Deny
	}
	kept := matches[:0]
	for _, m := range matches {
		if m.Statement.Effect == want && d.Outcome != ImplicitDeny {
			kept = append(kept, m)
		}
	}
	return d, kept
}

// evaluation gathers what the statements of all sources say.
type evaluation struct {
	req     *Request
	action  string // in lower case
	all     bool
	denied  [numSources]bool
	allows  [numSources]grant
	matches []Match
}

func evaluate(req *Request, src *Sources, all bool) (Decision, []Match) {
	e := evaluation{req: req, action: strings.ToLower(req.Action), all: all}
	e.read(FromIdentity, src.Identity)
	e.read(FromResource, src.Resource)
	e.read(FromBoundary, src.Boundary)
	e.read(FromSession, src.Session)
	for s, denied := range e.denied {
		if denied {
			return Decision{ExplicitDeny, Source(s)}, e.matches
		}
	}
	return e.decide(src), e.matches
}

// decide combines what is allowed, there being no deny.
func (e *evaluation) decide(src *Sources) Decision {
	p := e.req.Principal
	resource := e.allows[FromResource]
	if src.Granted {
		resource = max(resource, accountGrant)
	}
	foreign := e.req.Owner != "" && e.req.Owner != p.Account
	alone := p.Type == Anonymous || p.Type == Service || p.Type == WebIdentity // they have no policies
	if alone {
		if resource == noGrant {
			return Decision{ImplicitDeny, FromResource}
		}
		return Decision{Outcome: Allowed}
	}
	if resource == noGrant && src.MustResource {
		return Decision{ImplicitDeny, FromResource}
	}
	if !foreign && resource == directGrant {
		return Decision{Outcome: Allowed}
	}
	identity := src.Implied || e.allows[FromIdentity] != noGrant || !foreign && resource == roleGrant
	switch {
	case !identity:
		return Decision{ImplicitDeny, FromIdentity}
	case present(src.Boundary) && e.allows[FromBoundary] == noGrant:
		return Decision{ImplicitDeny, FromBoundary}
	case present(src.Session) && e.allows[FromSession] == noGrant:
		return Decision{ImplicitDeny, FromSession}
	case foreign && resource == noGrant:
		return Decision{ImplicitDeny, FromResource}
	}
	return Decision{Outcome: Allowed}
}

func present(ps []Policy) bool {
	for i := range ps {
		if ps[i].Document != nil {
			return true
		}
	}
	return false
}

func (e *evaluation) read(from Source, policies []Policy) {
	for i := range policies {
		d := policies[i].Document
		if d == nil {
			continue
		}
		for j := range d.Statements {
			s := &d.Statements[j]
			// What could not change the answer is not read.
			if !e.all && (e.denied[from] || s.Effect == Allow && e.allows[from] == directGrant) {
				continue
			}
			g := s.applies(e.req, e.action)
			if g == noGrant {
				continue
			}
			if s.Effect == Deny {
				e.denied[from] = true
			} else {
				e.allows[from] = max(e.allows[from], g)
			}
			if e.all {
				e.matches = append(e.matches, Match{from, &policies[i], s})
			}
		}
	}
}

// applies reports whether the statement is about the request, and how closely
// it names the principal. Statements without principals are about whoever has
// them.
func (s *Statement) applies(req *Request, action string) grant {
	if !s.onAction(action) {
		return noGrant
	}
	g := directGrant
	if s.principals != nil {
		if s.notPrincipal {
			g = when(!s.principals.excepts(req.Principal), directGrant)
		} else {
			g = s.principals.match(req.Principal)
		}
	}
	if g == noGrant || !s.onResource(req) {
		return noGrant
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(req.Context, s.Effect) {
			return noGrant
		}
	}
	return g
}

func (s *Statement) onAction(action string) bool {
	for i := range s.actions {
		if p := &s.actions[i]; p.all || p.glob.match(action) {
			return !s.notAction
		}
	}
	return s.notAction
}

// onResource reports whether the statement is about the resource. Of NotResource
// an open variable excepts everything from an allow and nothing from a deny (L3).
func (s *Statement) onResource(req *Request) bool {
	if len(s.resources) == 0 {
		return true
	}
	known := true
	for i := range s.resources {
		m, k := s.resources[i].match(req.Resource, req.Context)
		if m {
			return !s.notResource
		}
		known = known && k
	}
	return s.notResource && (known || s.Effect == Deny)
}
