package policy_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/policy"
)

const (
	mine  keyhaven.AccountID = "111122223333"
	other keyhaven.AccountID = "999988887777"
)

var who = map[string]*policy.Principal{
	"anybody": {},
	"root":    {Type: policy.Root, Account: mine, ARN: "arn:aws:iam::111122223333:root", CanonicalID: canonical},
	"bob":     {Type: policy.User, Account: mine, ARN: "arn:aws:iam::111122223333:user/bob", CanonicalID: canonical},
	"eve":     {Type: policy.User, Account: mine, ARN: "arn:aws:iam::111122223333:user/eve", CanonicalID: canonical},
	"session": {Type: policy.RoleSession, Account: mine, ARN: "arn:aws:sts::111122223333:assumed-role/deploy/ci", RoleARN: "arn:aws:iam::111122223333:role/deploy", CanonicalID: canonical},
	"logging": {Type: policy.Service, Service: "logging.s3.amazonaws.com"},
	"oidc":    {Type: policy.WebIdentity, Provider: "arn:aws:iam::111122223333:oidc-provider/id.example.com"},
}

var canonical = strings.Repeat("a", 64)

// TestDecisions holds Evaluate against the table.
func TestDecisions(t *testing.T) {
	f, err := os.Open("testdata/decisions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := 0
	in := bufio.NewScanner(f)
	for line := 1; in.Scan(); line++ {
		row := strings.TrimSpace(in.Text())
		if row == "" || row[0] == '#' {
			continue
		}
		rows++
		cols := make([]string, 8)
		for i, c := range strings.Split(row, "|") {
			cols[i] = strings.TrimSpace(c)
		}
		req, src := request(cols), sources(t, cols[4:])
		got := policy.Evaluate(req, src)
		want, source, _ := strings.Cut(cols[0], " ")
		if got.Outcome.String() != want || want != "allowed" && !strings.Contains(got.Source.String(), source) {
			t.Errorf("line %d: %s\n\tgot %v, %v", line, row, got.Outcome, got.Source)
		}
		again, by := policy.Explain(req, src)
		if again != got {
			t.Errorf("line %d: Explain = %v, Evaluate = %v", line, again, got)
		}
		if want == "implicitDeny" != (len(by) == 0) && !src.Implied {
			t.Errorf("line %d: %d statements made the decision", line, len(by))
		}
	}
	if rows < 120 {
		t.Errorf("read %d rows only", rows)
	}
}

func request(cols []string) *policy.Request {
	words := strings.Fields(cols[2])
	req := &policy.Request{Principal: who[cols[1]], Action: words[0], Resource: words[1], Owner: mine}
	if len(words) > 2 {
		req.Owner = other
	}
	values := policy.Values{}
	for _, kv := range strings.Fields(cols[3]) {
		k, v, _ := strings.Cut(kv, "=")
		values[k] = strings.Split(v, ",")
	}
	req.Context = values
	return req
}

func sources(t *testing.T, cols []string) *policy.Sources {
	t.Helper()
	src := &policy.Sources{}
	if cols[0] == "implied" {
		src.Implied = true
	} else {
		src.Identity = policies(t, policy.Identity, cols[0])
	}
	kind := policy.Resource
	if rest, ok := strings.CutPrefix(cols[1], "trust"); ok {
		kind, src.MustResource = policy.Trust, true
		cols[1] = strings.TrimSpace(rest)
	}
	src.Resource = policies(t, kind, cols[1])
	src.Boundary, src.Session = policies(t, policy.Identity, cols[2]), policies(t, policy.Identity, cols[3])
	return src
}

func policies(t *testing.T, kind policy.Kind, short string) []policy.Policy {
	t.Helper()
	if short == "" {
		return nil
	}
	d, err := policy.Parse(kind, document(short))
	if err != nil {
		t.Fatalf("%s: %v", short, err)
	}
	return []policy.Policy{{Document: d, ID: "p"}}
}

// document writes out a policy of the table.
func document(short string) []byte {
	doc := map[string]any{"Version": policy.Version2012}
	var statements []any
	for _, s := range strings.Split(short, " ; ") {
		statements = append(statements, statement(doc, s))
	}
	doc["Statement"] = statements
	b, _ := json.Marshal(doc)
	return b
}

func statement(doc map[string]any, short string) map[string]any {
	st := map[string]any{}
	short, cond, has := strings.Cut(short, " {")
	if has {
		st["Condition"] = json.RawMessage("{" + cond)
	}
	effect, rest, _ := strings.Cut(short, " ")
	if e, ok := strings.CutSuffix(effect, "@2008"); ok {
		doc["Version"], effect = policy.Version2008, e
	}
	st["Effect"] = map[string]string{"allow": "Allow", "deny": "Deny"}[effect]
	if p, ok := strings.CutPrefix(rest, "for "); ok {
		p, rest, _ = strings.Cut(p, " ")
		set(st, "Principal", p, principal)
	}
	actions, resources, _ := strings.Cut(rest, " ")
	list := func(s string) any { return strings.Split(s, ",") }
	set(st, "Action", actions, list)
	if resources != "" {
		set(st, "Resource", resources, func(s string) any { return s })
	}
	return st
}

func set(st map[string]any, name, value string, as func(string) any) {
	if v, ok := strings.CutPrefix(value, "!"); ok {
		name, value = "Not"+name, v
	}
	st[name] = as(value)
}

func principal(s string) any {
	if s == "*" {
		return "*"
	}
	byType := map[string][]string{}
	for _, p := range strings.Split(s, ",") {
		typ := "AWS"
		for prefix, name := range map[string]string{"service:": "Service", "federated:": "Federated", "canonical:": "CanonicalUser"} {
			if v, ok := strings.CutPrefix(p, prefix); ok {
				typ, p = name, v
			}
		}
		byType[typ] = append(byType[typ], p)
	}
	return byType
}
