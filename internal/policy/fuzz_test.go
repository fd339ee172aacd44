package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/policy"
)

// FuzzParse: any bytes are a document or an *Error, and a document decides
// without a panic (R18).
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`allow s3:Get* arn:aws:s3:::b/*`, `deny !s3:* !arn:aws:s3:::b/${aws:username}/? {"StringLike":{"s3:prefix":"${aws:PrincipalTag/a, 'b'}*"}}`,
		`allow for * s3:* arn:aws:s3:::b {"IpAddress":{"aws:SourceIp":"::1/64"},"Null":{"aws:TagKeys":"true"}}`,
	} {
		f.Add(uint8(0), document(s))
		f.Add(uint8(1), document(s))
	}
	f.Fuzz(func(t *testing.T, kind uint8, text []byte) {
		d, err := policy.Parse(policy.Kind(kind%3), text)
		if err != nil {
			if _, ok := errors.AsType[*policy.Error](err); !ok {
				t.Fatalf("not an *Error: %v", err)
			}
			return
		}
		d.Public()
		_ = d.ForBucket("b", func(string) bool { return true }, func(string) bool { return true })
		ctx := policy.Values{}
		for _, k := range d.ContextKeys() {
			ctx[k] = []string{"192.0.2.1"}
		}
		for _, c := range []policy.Context{nil, policy.Values{}, ctx} {
			req := &policy.Request{Principal: who["session"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: mine, Context: c}
			src := &policy.Sources{Resource: []policy.Policy{{Document: d}}}
			one := policy.Evaluate(req, src)
			if two, _ := policy.Explain(req, src); one != two {
				t.Fatalf("Evaluate %v, Explain %v", one, two)
			}
		}
	})
}

// FuzzPattern: the glob agrees with the obvious one.
func FuzzPattern(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*a*a*", "aa")
	f.Add("?", "é")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 64 || len(text) > 256 || strings.ContainsAny(pattern, "\x00\x01") { // wild uses those itself
			return
		}
		policy.CheckGlob(t, pattern, text, wild)
	})
}

func BenchmarkEvaluate(b *testing.B) {
	parse := func(kind policy.Kind, s string) []policy.Policy {
		d, err := policy.Parse(kind, document(s))
		if err != nil {
			b.Fatal(err)
		}
		return []policy.Policy{{Document: d}}
	}
	src := &policy.Sources{
		Identity: parse(policy.Identity, `allow lightsail:* * ; allow s3:* arn:aws:s3:::photos/* ; allow s3:* arn:aws:s3:::photos`),
		Resource: parse(policy.Resource, `deny for * s3:Delete* arn:aws:s3:::photos/* ; allow for 111122223333 s3:GetObject arn:aws:s3:::photos/*`),
	}
	req := &policy.Request{Principal: who["bob"], Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/2026/a.jpg", Owner: mine}
	b.ReportAllocs()
	for b.Loop() {
		if policy.Evaluate(req, src).Outcome != policy.Allowed {
			b.Fatal("denied")
		}
	}
}
