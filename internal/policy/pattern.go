package policy

import (
	"strings"
	"unicode/utf8"
)

// pattern is a text with wildcards and variables, ready to match. Without
// variables the glob is compiled once; with them it is for each request.
type pattern struct {
	all    bool // "*"
	vars   bool
	tokens []token
	glob   glob
}

type tokenKind uint8

const (
	literal  tokenKind = iota
	star               // any text
	question           // one character
	variable           // the value of a condition key
)

type token struct {
	kind     tokenKind
	text     string // of a literal; the lower-case key of a variable
	fallback string
	hasFall  bool
}

// newPattern compiles a text. wild makes * and ? wildcards, vars makes ${...}
// variables. ok is false when a variable is not written as it must be.
func newPattern(s string, wild, vars bool) (p pattern, ok bool) {
	p.tokens, ok = tokenize(s, wild, vars)
	if !ok {
		return p, false
	}
	for _, t := range p.tokens {
		p.vars = p.vars || t.kind == variable
	}
	if !p.vars {
		p.glob = newGlob(p.tokens)
		p.all = len(p.tokens) == 1 && p.tokens[0].kind == star
	}
	return p, true
}

func tokenize(s string, wild, vars bool) (out []token, ok bool) {
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			out = append(out, token{kind: literal, text: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); {
		switch {
		case vars && strings.HasPrefix(s[i:], "${"):
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return nil, false
			}
			t, ok := parseVariable(s[i+2 : i+end])
			if !ok {
				return nil, false
			}
			i += end + 1
			if t.kind == literal {
				lit.WriteString(t.text)
				continue
			}
			flush()
			out = append(out, t)
		case wild && s[i] == '*':
			flush()
			if n := len(out); n == 0 || out[n-1].kind != star {
				out = append(out, token{kind: star})
			}
			i++
		case wild && s[i] == '?':
			flush()
			out = append(out, token{kind: question})
			i++
		default:
			lit.WriteByte(s[i])
			i++
		}
	}
	flush()
	return out, true
}

// parseVariable reads what stands between the braces: a key, perhaps a default
// in single quotes behind a comma, or one of the characters *, ? and $.
func parseVariable(s string) (token, bool) {
	switch s {
	case "*", "?", "$":
		return token{kind: literal, text: s}, true
	}
	key, rest, hasDefault := strings.Cut(s, ",")
	t := token{kind: variable, text: strings.ToLower(strings.TrimSpace(key))}
	if t.text == "" || strings.ContainsAny(t.text, "*?$'{ ") || !strings.Contains(t.text, ":") {
		return t, false
	}
	if hasDefault {
		rest = strings.TrimSpace(rest)
		if len(rest) < 2 || rest[0] != '\'' || rest[len(rest)-1] != '\'' {
			return t, false
		}
		t.fallback, t.hasFall = rest[1:len(rest)-1], true
	}
	return t, true
}

// resolve returns the glob for a request. ok is false when a variable has no
// value, or more than one.
func (p *pattern) resolve(c Context) (g glob, ok bool) {
	if !p.vars {
		return p.glob, true
	}
	tokens := make([]token, len(p.tokens))
	for i, t := range p.tokens {
		if t.kind == variable {
			text, ok := t.value(c)
			if !ok {
				return g, false
			}
			t = token{kind: literal, text: text}
		}
		tokens[i] = t
	}
	return newGlob(tokens), true
}

func (t *token) value(c Context) (string, bool) {
	if c != nil {
		if v := c.Lookup(t.text); len(v) == 1 {
			return v[0], true
		}
	}
	return t.fallback, t.hasFall
}

// match reports whether s matches; known is false when a variable has no value.
func (p *pattern) match(s string, c Context) (matches, known bool) {
	if p.all {
		return true, true
	}
	if !p.vars {
		return p.glob.match(s), true
	}
	g, ok := p.resolve(c)
	return ok && g.match(s), ok
}

// glob is chunks with any text between each two.
type glob []chunk

// chunk is a text without stars. runes is set when it has question marks, which
// are -1 in it.
type chunk struct {
	text  string
	runes []rune
}

func newGlob(tokens []token) glob {
	g := glob{}
	var cur []token
	for _, t := range tokens {
		if t.kind == star {
			g = append(g, newChunk(cur))
			cur = nil
			continue
		}
		cur = append(cur, t)
	}
	return append(g, newChunk(cur))
}

func newChunk(tokens []token) chunk {
	var c chunk
	wild := false
	for _, t := range tokens {
		wild = wild || t.kind == question
	}
	for _, t := range tokens {
		switch {
		case !wild:
			c.text += t.text
		case t.kind == question:
			c.runes = append(c.runes, -1)
		default:
			c.runes = append(c.runes, []rune(t.text)...)
		}
	}
	return c
}

func (g glob) match(s string) bool {
	n, ok := g[0].at(s)
	if !ok {
		return false
	}
	if len(g) == 1 {
		return n == len(s)
	}
	s = s[n:]
	last := &g[len(g)-1]
	for i := 1; i < len(g)-1; i++ {
		if s, ok = g[i].behind(s); !ok {
			return false
		}
	}
	return last.ends(s)
}

// at reports how many bytes of s the chunk takes from its beginning.
func (c *chunk) at(s string) (int, bool) {
	if c.runes == nil {
		return len(c.text), strings.HasPrefix(s, c.text)
	}
	n := 0
	for _, want := range c.runes {
		r, size := utf8.DecodeRuneInString(s[n:])
		if size == 0 || want >= 0 && r != want {
			return 0, false
		}
		n += size
	}
	return n, true
}

// behind returns what follows the first place of the chunk in s.
func (c *chunk) behind(s string) (string, bool) {
	if c.runes == nil {
		i := strings.Index(s, c.text)
		if i < 0 {
			return "", false
		}
		return s[i+len(c.text):], true
	}
	for i := 0; i <= len(s); {
		if n, ok := c.at(s[i:]); ok {
			return s[i+n:], true
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += max(size, 1)
	}
	return "", false
}

// ends reports whether s ends with the chunk.
func (c *chunk) ends(s string) bool {
	if c.runes == nil {
		return strings.HasSuffix(s, c.text)
	}
	i := len(s)
	for range c.runes {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		if size == 0 {
			return false
		}
		i -= size
	}
	n, ok := c.at(s[i:])
	return ok && n == len(s)-i
}
