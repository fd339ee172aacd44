package policy

import (
	"bytes"
	"slices"
	"strings"
)

// Parse reads a document. It refuses with an *Error whatever it would not
// evaluate (L1).
func Parse(kind Kind, text []byte) (*Document, error) {
	limit := MaxDocument
	if kind == Resource {
		limit = MaxBucketDocument
	}
	if len(text) > limit {
		return nil, wrong("Normalized policy document exceeds the maximum allowed size of %d bytes.", limit)
	}
	root, err := parseJSON(text)
	if err != nil {
		return nil, kind.notJSON()
	}
	p := &parser{kind: kind, doc: &Document{Version: Version2008, text: bytes.Clone(text)}}
	if err := p.document(&root); err != nil {
		return nil, err
	}
	slices.Sort(p.doc.keys)
	p.doc.keys = slices.Compact(p.doc.keys)
	return p.doc, nil
}

type parser struct {
	kind Kind
	doc  *Document
	vars bool // the document's version has variables
}

func (p *parser) document(root *node) error {
	var statements *node
	for i := range root.members {
		m := &root.members[i]
		v := &m.value
		switch m.name {
		case "Version":
			if v.kind != jsonString || v.text != Version2012 && v.text != Version2008 {
				return p.kind.say("Policy document must be version 2012-10-17 or greater.", "The policy must contain a valid version string")
			}
			p.doc.Version = v.text
		case "Id":
			if v.kind != jsonString {
				return p.kind.syntax()
			}
			p.doc.ID = v.text
		case "Statement":
			statements = v
		default:
			return p.kind.say("Syntax errors in policy.", "Unknown field "+m.name)
		}
	}
	p.vars = p.doc.Version == Version2012
	if statements == nil {
		return p.kind.say("Syntax errors in policy.", "Missing required field Statement")
	}
	list := []node{*statements}
	if statements.kind == jsonArray {
		list = statements.items
	}
	if len(list) == 0 {
		return p.kind.say("Syntax errors in policy.", "Could not parse the policy: Statement is empty!")
	}
	sids := map[string]bool{}
	for i := range list {
		s, err := p.statement(&list[i])
		if err != nil {
			return err
		}
		if s.Sid != "" && sids[s.Sid] {
			return wrong("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.Sid], s.index = true, i
		p.doc.Statements = append(p.doc.Statements, *s)
	}
	return nil
}

// elements are the members of a statement by their names.
type elements map[string]*node

func (p *parser) statement(n *node) (*Statement, error) {
	if n.kind != jsonObject {
		return nil, p.kind.syntax()
	}
	has := elements{}
	for i := range n.members {
		switch name := n.members[i].name; name {
		case "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition":
			has[name] = &n.members[i].value
		default:
			return nil, p.kind.say("Syntax errors in policy.", "Unknown field "+name)
		}
	}
	for _, name := range []string{"Principal", "Action", "Resource"} {
		if has[name] != nil && has["Not"+name] != nil {
			return nil, p.kind.syntax()
		}
	}
	s := &Statement{Start: p.doc.position(n.start), End: p.doc.position(n.end)}
	for _, step := range []func(*Statement, elements) error{p.sid, p.effect, p.principal, p.action, p.resource, p.condition} {
		if err := step(s, has); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (p *parser) sid(s *Statement, has elements) error {
	n := has["Sid"]
	if n == nil {
		return nil
	}
	if n.kind != jsonString {
		return p.kind.syntax()
	}
	if s.Sid = n.text; p.kind == Resource {
		return nil
	}
	for _, r := range s.Sid {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return wrong("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		}
	}
	return nil
}

func (p *parser) effect(s *Statement, has elements) error {
	n := has["Effect"]
	switch {
	case n == nil:
		return p.kind.say("Syntax errors in policy.", "Missing required field Effect")
	case n.kind == jsonString && n.text == "Allow":
		s.Effect = Allow
	case n.kind == jsonString && n.text == "Deny":
		s.Effect = Deny
	default:
		return p.kind.say("Syntax errors in policy.", "Invalid effect: "+n.text)
	}
	return nil
}

func (p *parser) action(s *Statement, has elements) error {
	n := has["Action"]
	if n == nil {
		n, s.notAction = has["NotAction"], true
	}
	missing := p.kind.say("Policy statement must contain actions.", "Missing required field Action")
	if n == nil {
		return missing
	}
	texts, ok := n.strings(false)
	switch {
	case !ok:
		return p.kind.syntax()
	case len(texts) == 0:
		return missing
	}
	for _, text := range texts {
		if err := p.checkAction(text); err != nil {
			return err
		}
		pat, _ := newPattern(strings.ToLower(text), true, false)
		s.actions = append(s.actions, pat)
	}
	s.actionTexts = texts
	return nil
}

func (p *parser) checkAction(text string) error {
	if text == "*" {
		return nil
	}
	service, name, ok := strings.Cut(text, ":")
	invalid := p.kind.say("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", "Policy has invalid action")
	switch {
	case !ok || service == "" || name == "" || strings.Contains(name, ":"):
		return invalid
	case !onlyOf(name, "*?"):
		return p.kind.say("Syntax errors in policy.", "Policy has invalid action")
	case !onlyOf(service, "-."):
		return p.kind.say("Vendor "+service+" is not valid", "Policy has invalid action")
	case p.kind == Resource && !strings.EqualFold(service, "s3"):
		return invalid
	case p.kind == Trust && !strings.EqualFold(service, "sts"):
		return wrong("AssumeRole policy may only specify STS AssumeRole actions.")
	}
	return nil
}

// onlyOf reports whether s has letters, digits and the characters of extra only.
func onlyOf(s, extra string) bool {
	for _, r := range s {
		alphanumeric := r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !alphanumeric && !strings.ContainsRune(extra, r) {
			return false
		}
	}
	return true
}

func (p *parser) resource(s *Statement, has elements) error {
	n := has["Resource"]
	if n == nil {
		n, s.notResource = has["NotResource"], has["NotResource"] != nil
	}
	if p.kind == Trust {
		if n != nil {
			return wrong("Has prohibited field Resource")
		}
		return nil
	}
	missing := p.kind.say("Policy statement must contain resources.", "Missing required field Resource")
	if n == nil {
		return missing
	}
	texts, ok := n.strings(false)
	switch {
	case !ok:
		return p.kind.syntax()
	case len(texts) == 0:
		return missing
	}
	for _, text := range texts {
		pat, ok := newARNPattern(text, p.vars)
		if !ok || p.kind == Identity && text != "*" && !strings.HasPrefix(text, "arn:") && !strings.HasPrefix(text, "${") {
			return p.kind.say("Resource "+text+" must be in ARN format or \"*\".", "Policy has invalid resource")
		}
		if err := p.note(pat.variables, false); err != nil {
			return err
		}
		s.resources = append(s.resources, pat)
	}
	s.resourceText = texts
	return nil
}

// note keeps the variables of a pattern and refuses unknown ones.
func (p *parser) note(variables func(func(string)), foreign bool) error {
	var err error
	variables(func(key string) {
		if !knownKey(p.kind, key, foreign) {
			err = p.kind.say("Policy variable "+key+" is not supported.", "Policy has an invalid variable: "+key)
		}
		p.doc.keys = append(p.doc.keys, key)
	})
	return err
}
