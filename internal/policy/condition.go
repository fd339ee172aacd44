package policy

import (
	"strings"
)

// Context supplies the values of condition keys. The key is in lower case, also
// what follows a slash in it: a tag's key. No values: the request has no such
// key.
type Context interface {
	Lookup(key string) []string
}

// Values is a Context of given values by lower-case keys.
type Values map[string][]string

// Lookup implements Context.
func (v Values) Lookup(key string) []string { return v[key] }

// quantifier says how the values of a key count.
type quantifier uint8

const (
	single quantifier = iota
	forAnyValue
	forAllValues
)

// condition is one operator on one key. All conditions of a statement must hold.
type condition struct {
	key      string
	op       *operator
	set      quantifier
	ifExists bool
	tests    []test
	values   []string // as written, for Public
	opName   string
}

// operatorOf reads an operator's name with its prefix and suffix.
func operatorOf(name string) (c condition, ok bool) {
	if rest, found := strings.CutPrefix(name, "ForAllValues:"); found {
		name, c.set = rest, forAllValues
	} else if rest, found := strings.CutPrefix(name, "ForAnyValue:"); found {
		name, c.set = rest, forAnyValue
	}
	if rest, found := strings.CutSuffix(name, "IfExists"); found {
		name, c.ifExists = rest, true
	}
	c.op, c.opName = operators[name], name
	if c.op != nil && c.op.null && (c.ifExists || c.set != single) {
		return c, false
	}
	return c, c.op != nil
}

// holds reports whether the condition holds for a statement of that effect.
func (c *condition) holds(ctx Context, effect Effect) bool {
	var got []string
	if ctx != nil {
		got = ctx.Lookup(c.key)
	}
	if c.op.null {
		absent := "false"
		if len(got) == 0 {
			absent = "true"
		}
		m, _ := c.matches(absent, nil)
		return m
	}
	if len(got) == 0 {
		return c.ifExists || c.set == forAllValues || c.set == single && c.op.negated
	}
	every := c.set == forAllValues || c.set == single && c.op.negated
	for _, v := range got {
		if c.satisfied(v, ctx, effect) != every {
			return !every
		}
	}
	return every
}

// satisfied reports whether one value of the request does what the operator
// asks. A negated test that a missing variable leaves open fails for a statement
// that allows (L3).
func (c *condition) satisfied(got string, ctx Context, effect Effect) bool {
	m, known := c.matches(got, ctx)
	if !c.op.negated {
		return m
	}
	return !m && (known || effect == Deny)
}

func (c *condition) matches(got string, ctx Context) (matches, known bool) {
	known = true
	for _, t := range c.tests {
		m, k := t(got, ctx)
		if m {
			return true, true
		}
		known = known && k
	}
	return false, known
}
