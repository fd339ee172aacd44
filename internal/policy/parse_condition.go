package policy

import (
	"slices"
	"strings"
)

func (p *parser) condition(s *Statement, has elements) error {
	n := has["Condition"]
	if n == nil {
		return nil
	}
	if n.kind != jsonObject {
		return p.kind.syntax()
	}
	foreign := !s.notAction && !slices.ContainsFunc(s.actionTexts, ofOurs)
	for i := range n.members {
		m := &n.members[i]
		c, ok := operatorOf(m.name)
		if !ok {
			return p.kind.say("Syntax errors in policy.", "Invalid Condition type : "+m.name)
		}
		if m.value.kind != jsonObject || len(m.value.members) == 0 {
			return p.kind.syntax()
		}
		for j := range m.value.members {
			one := c
			if err := p.onKey(&one, &m.value.members[j], foreign); err != nil {
				return err
			}
			s.conditions = append(s.conditions, one)
		}
	}
	return nil
}

// withVariables are the operators whose values may have variables.
func withVariables(name string) bool {
	return strings.HasPrefix(name, "String") || strings.HasPrefix(name, "Arn")
}

// onKey reads one key of an operator and its values.
func (p *parser) onKey(c *condition, m *member, foreign bool) error {
	c.key = strings.ToLower(m.name)
	if !knownKey(p.kind, c.key, foreign) {
		return p.kind.say("Condition key "+m.name+" is not supported.", "Policy has an invalid condition key")
	}
	p.doc.keys = append(p.doc.keys, c.key)
	values, ok := m.value.strings(true)
	if !ok || len(values) == 0 {
		return p.kind.syntax()
	}
	vars := p.vars && withVariables(c.opName)
	for _, v := range values {
		t, ok := c.op.compile(v, vars)
		if !ok {
			return p.kind.say("Invalid value "+v+" for the operator "+c.opName+".", "Invalid value for the condition "+c.opName+": "+v)
		}
		pat, _ := newPattern(v, false, vars)
		if err := p.note(pat.variables, foreign); err != nil {
			return err
		}
		c.tests = append(c.tests, t)
	}
	c.values = values
	return nil
}
