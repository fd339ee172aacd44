package policy

import "strings"

// arnParts is how many parts an ARN has: arn, partition, service, region,
// account, resource. The last may hold colons.
const arnParts = 6

// arnPattern matches ARNs part by part, so that a wildcard in one part never
// reaches into the next.
type arnPattern struct {
	whole pattern // used when parts is nil
	parts []pattern
}

// newARNPattern compiles the pattern of an ARN. ok is false when s is neither an
// ARN nor, with vars, a text whose variables may make it one.
func newARNPattern(s string, vars bool) (p arnPattern, ok bool) {
	p.whole, ok = newPattern(s, true, vars)
	if !ok || p.whole.all {
		return p, ok
	}
	parts := splitARN(s, vars)
	if len(parts) < arnParts {
		return p, p.whole.vars
	}
	if parts[0] != "arn" {
		return p, false
	}
	// With the first five parts plain, matching the whole is matching the parts.
	head := strings.Join(parts[:arnParts-1], "")
	if !strings.ContainsAny(head, "*?") && (!vars || !strings.Contains(head, "${")) {
		return p, true
	}
	p.parts = make([]pattern, arnParts)
	for i := range p.parts {
		if p.parts[i], ok = newPattern(parts[i], true, vars); !ok {
			return p, false
		}
	}
	return p, true
}

// splitARN splits at the first five colons that are outside of variables.
func splitARN(s string, vars bool) []string {
	parts := make([]string, 0, arnParts)
	depth, from := 0, 0
	for i := 0; i < len(s) && len(parts) < arnParts-1; i++ {
		switch {
		case vars && strings.HasPrefix(s[i:], "${"):
			depth = 1
		case s[i] == '}':
			depth = 0
		case s[i] == ':' && depth == 0:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

func (p *arnPattern) match(s string, c Context) (matches, known bool) {
	if p.parts == nil {
		return p.whole.match(s, c)
	}
	matches, known = true, true
	for i := range p.parts {
		part := s
		if i < arnParts-1 {
			var found bool
			if part, s, found = strings.Cut(s, ":"); !found {
				matches = false
			}
		}
		m, k := p.parts[i].match(part, c)
		matches, known = matches && m, known && k
	}
	return matches && known, known
}

func (p *arnPattern) variables(each func(string)) { p.whole.variables(each) }

func (p *pattern) variables(each func(string)) {
	for _, t := range p.tokens {
		if t.kind == variable {
			each(t.text)
		}
	}
}
