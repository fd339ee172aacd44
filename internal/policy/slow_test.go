package policy_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// The slow, obvious evaluator: it works on the decoded JSON at every request and
// shares nothing with the package but the words.
type slow struct {
	req *policy.Request
	ctx policy.Values
}

func (s slow) decide(identity, resource, boundary, session [][]byte, implied bool) string {
	if s.any(identity, "Deny", "") || s.any(resource, "Deny", "") || s.any(boundary, "Deny", "") || s.any(session, "Deny", "") {
		return "explicitDeny"
	}
	p := s.req.Principal
	named := s.any(resource, "Allow", "direct")
	role := s.any(resource, "Allow", "role")
	some := s.any(resource, "Allow", "")
	id := implied || s.any(identity, "Allow", "")
	narrow := (len(boundary) == 0 || s.any(boundary, "Allow", "")) && (len(session) == 0 || s.any(session, "Allow", ""))
	ok := false
	switch {
	case p.Type == policy.Anonymous:
		ok = some
	case s.req.Owner == p.Account:
		ok = named || narrow && (role || id)
	default:
		ok = some && id && narrow
	}
	if ok {
		return "allowed"
	}
	return "implicitDeny"
}

// any reports whether a statement of the effect applies; grant "direct" or
// "role" asks that it names the principal that closely.
func (s slow) any(docs [][]byte, effect, grant string) bool {
	for _, text := range docs {
		var d struct{ Statement []map[string]any }
		if err := json.Unmarshal(text, &d); err != nil {
			panic(err)
		}
		if slices.ContainsFunc(d.Statement, func(st map[string]any) bool {
			return st["Effect"] == effect && s.principal(st, grant) && s.action(st) && s.resource(st) && s.conditions(st)
		}) {
			return true
		}
	}
	return false
}

func (s slow) principal(st map[string]any, grant string) bool {
	p := s.req.Principal
	if p.Type == policy.Anonymous {
		if not, ok := st["NotPrincipal"]; ok {
			return not != "*"
		}
		return st["Principal"] == "*" || st["Principal"] == nil
	}
	account := "arn:aws:iam::" + string(p.Account) + ":root"
	if not, ok := st["NotPrincipal"]; ok {
		names := strs(not.(map[string]any)["AWS"])
		for _, need := range []string{account, p.RoleARN, p.ARN} {
			if need != "" && !slices.Contains(names, need) {
				return true
			}
		}
		return false
	}
	if st["Principal"] == nil {
		return true
	}
	if st["Principal"] == "*" {
		return grant != "direct" || p.Type != policy.RoleSession
	}
	names := strs(st["Principal"].(map[string]any)["AWS"])
	switch grant {
	case "direct":
		return slices.Contains(names, p.ARN)
	case "role":
		return p.RoleARN != "" && slices.Contains(names, p.RoleARN)
	}
	return slices.Contains(names, account) || slices.Contains(names, p.ARN) || p.RoleARN != "" && slices.Contains(names, p.RoleARN)
}

func strs(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			out = append(out, x.(string))
		}
	}
	return out
}

func (s slow) action(st map[string]any) bool {
	like := func(v any) bool {
		return slices.ContainsFunc(strs(v), func(p string) bool { return wild(strings.ToLower(p), strings.ToLower(s.req.Action)) })
	}
	if v, ok := st["NotAction"]; ok {
		return !like(v)
	}
	return like(st["Action"])
}

func (s slow) resource(st map[string]any) bool {
	v, not := st["NotResource"]
	if !not {
		v = st["Resource"]
	}
	open := false
	for _, p := range strs(v) {
		text, ok := s.fill(p)
		if !ok {
			open = true
			continue
		}
		if wild(text, s.req.Resource) {
			return !not
		}
	}
	return not && (!open || st["Effect"] == "Deny")
}

// fill puts in the one variable that the generator uses; stars in its value are
// quoted.
func (s slow) fill(p string) (string, bool) {
	const name = "${aws:username}"
	if !strings.Contains(p, name) {
		return p, true
	}
	v := s.ctx["aws:username"]
	if len(v) != 1 {
		return "", false
	}
	return strings.ReplaceAll(p, name, strings.NewReplacer("*", "\x00", "?", "\x01").Replace(v[0])), true
}

func wild(pattern, text string) bool {
	q := regexp.QuoteMeta(pattern)
	q = strings.NewReplacer(`\*`, "(?s:.*)", `\?`, "(?s:.)", "\x00", `\*`, "\x01", `\?`).Replace(q)
	return regexp.MustCompile("^" + q + "$").MatchString(text)
}

func (s slow) conditions(st map[string]any) bool {
	all, _ := st["Condition"].(map[string]any)
	for op, byKey := range all {
		for key, v := range byKey.(map[string]any) {
			if !s.condition(op, s.ctx[strings.ToLower(key)], strs(v), st["Effect"].(string)) {
				return false
			}
		}
	}
	return true
}

func (s slow) condition(op string, got, want []string, effect string) bool {
	set, rest, found := strings.Cut(op, ":")
	if !found {
		set, rest = "", op
	}
	base, ifExists := strings.CutSuffix(rest, "IfExists")
	if base == "Null" {
		return slices.Contains(want, map[bool]string{true: "true", false: "false"}[len(got) == 0])
	}
	negated := strings.Contains(base, "Not")
	if len(got) == 0 {
		return ifExists || set == "ForAllValues" || set == "" && negated
	}
	one := func(g string) bool {
		open := false
		for _, w := range want {
			text, ok := s.fill(w)
			if !ok {
				open = true
			} else if equal(base, text, g) {
				return !negated
			}
		}
		return negated && (!open || effect == "Deny")
	}
	if set == "ForAllValues" || set == "" && negated {
		return !slices.ContainsFunc(got, func(g string) bool { return !one(g) })
	}
	return slices.ContainsFunc(got, one)
}

func equal(op, want, got string) bool {
	plain := strings.NewReplacer("\x00", "*", "\x01", "?").Replace(want)
	switch {
	case strings.HasSuffix(op, "Like"):
		return wild(want, got)
	case strings.HasSuffix(op, "IgnoreCase"):
		return strings.EqualFold(plain, got)
	}
	return plain == got
}

// The generator: few words, so that they meet.
var (
	someActions   = []string{"*", "s3:*", "s3:Get*", "s3:getobject", "s3:PutObject", "s3:?etObject", "iam:GetUser"}
	someResources = []string{"*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b*", "arn:aws:s3:::?/x", "arn:aws:s3:::a/${aws:username}", "arn:aws:s3:::b/x", "arn:aws:s3:::a/*b*x"}
	someNames     = []string{"arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:role/deploy", "arn:aws:sts::111122223333:assumed-role/deploy/ci", "arn:aws:iam::999988887777:root"}
	someOps       = []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}
	someKeys      = []string{"aws:TagKeys", "s3:prefix", "aws:username"}
	someValues    = []string{"x", "X", "y", "*", "x*", "${aws:username}", "?"}
)

func some(t *rapid.T, from []string) []string {
	return rapid.SliceOfN(rapid.SampledFrom(from), 1, 2).Draw(t, "some")
}

func drawStatement(t *rapid.T, kind policy.Kind) map[string]any {
	st := map[string]any{"Effect": rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")}
	not := func() string { return rapid.SampledFrom([]string{"", "", "", "Not"}).Draw(t, "not") }
	actions := someActions
	if kind == policy.Resource {
		actions = actions[:len(actions)-1]
		switch rapid.IntRange(0, 3).Draw(t, "who") {
		case 0:
			st["Principal"] = "*"
		case 1:
			st["Effect"], st["NotPrincipal"] = "Deny", map[string]any{"AWS": some(t, someNames)}
		default:
			st["Principal"] = map[string]any{"AWS": some(t, someNames)}
		}
	}
	st[not()+"Action"], st[not()+"Resource"] = some(t, actions), some(t, someResources)
	if rapid.Bool().Draw(t, "conditional") {
		op := rapid.SampledFrom([]string{"", "", "ForAllValues:", "ForAnyValue:"}).Draw(t, "set") +
			rapid.SampledFrom(someOps).Draw(t, "op") + rapid.SampledFrom([]string{"", "", "IfExists"}).Draw(t, "if")
		cond := map[string]any{op: map[string]any{rapid.SampledFrom(someKeys).Draw(t, "key"): some(t, someValues)}}
		if rapid.Bool().Draw(t, "null") {
			cond["Null"] = map[string]any{rapid.SampledFrom(someKeys).Draw(t, "nullkey"): rapid.SampledFrom([]string{"true", "false"}).Draw(t, "absent")}
		}
		st["Condition"] = cond
	}
	return st
}

func drawDocuments(t *rapid.T, kind policy.Kind) (texts [][]byte, parsed []policy.Policy) {
	for range rapid.IntRange(0, 1).Draw(t, "documents") {
		n := rapid.IntRange(1, 3).Draw(t, "statements")
		var list []any
		for range n {
			list = append(list, drawStatement(t, kind))
		}
		text, _ := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": list})
		d, err := policy.Parse(kind, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		texts, parsed = append(texts, text), append(parsed, policy.Policy{Document: d})
	}
	return texts, parsed
}

// TestEvaluate_AgainstSlow: the compiled evaluation and the obvious one agree on
// random documents and requests.
func TestEvaluate_AgainstSlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := policy.Values{}
		for _, k := range someKeys {
			most := 2
			if k == "aws:username" {
				most = 1
			}
			if v := rapid.SliceOfN(rapid.SampledFrom([]string{"x", "X", "y", "*", "xy"}), 0, most).Draw(t, k); len(v) > 0 {
				ctx[strings.ToLower(k)] = v
			}
		}
		req := &policy.Request{
			Principal: who[rapid.SampledFrom([]string{"bob", "session", "root", "anybody", "eve"}).Draw(t, "principal")],
			Action:    rapid.SampledFrom([]string{"s3:GetObject", "s3:PutObject", "s3:GetObjectAcl"}).Draw(t, "action"),
			Resource:  rapid.SampledFrom([]string{"arn:aws:s3:::a/x", "arn:aws:s3:::a/bxbx", "arn:aws:s3:::b/x", "arn:aws:s3:::a/*", "arn:aws:s3:::a/"}).Draw(t, "resource"),
			Owner:     rapid.SampledFrom([]keyhaven.AccountID{mine, other}).Draw(t, "owner"),
			Context:   ctx,
		}
		src := &policy.Sources{Implied: req.Principal.Type == policy.Root}
		var id, res, bound, sess [][]byte
		if req.Principal.Type != policy.Anonymous {
			id, src.Identity = drawDocuments(t, policy.Identity)
			bound, src.Boundary = drawDocuments(t, policy.Identity)
			sess, src.Session = drawDocuments(t, policy.Identity)
		}
		res, src.Resource = drawDocuments(t, policy.Resource)
		want := slow{req, ctx}.decide(id, res, bound, sess, src.Implied)
		if got := policy.Evaluate(req, src).Outcome.String(); got != want {
			t.Fatalf("%+v of %s\nidentity %s\nresource %s\nboundary %s\nsession %s\ngot %s, want %s", req, req.Principal.ARN, id, res, bound, sess, got, want)
		}
	})
}
