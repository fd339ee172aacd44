package policy_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/policy"
)

var kinds = map[string]policy.Kind{"identity": policy.Identity, "resource": policy.Resource, "trust": policy.Trust}

// TestS5_RefusedDocuments: what is not evaluated is refused, in AWS's words.
func TestS5_RefusedDocuments(t *testing.T) {
	table, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range strings.Split(string(table), "\n") {
		if row == "" || row[0] == '#' {
			continue
		}
		cols := strings.SplitN(row, "|", 3)
		kind, ok := kinds[strings.TrimSpace(cols[0])]
		if !ok {
			t.Fatalf("line %d: no such kind: %s", i+1, cols[0])
		}
		d, err := policy.Parse(kind, []byte(strings.TrimSpace(cols[2])))
		e, ok := errors.AsType[*policy.Error](err)
		if !ok || d != nil || !strings.Contains(e.Msg, strings.TrimSpace(cols[1])) {
			t.Errorf("line %d: %s\n\t= %v, %v", i+1, row, d, err)
		}
	}
}

// TestParse_Limits: a document one byte over the limit is refused.
func TestParse_Limits(t *testing.T) {
	doc := `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b"PRINCIPAL}}`
	for kind, limit := range map[policy.Kind]int{policy.Identity: 131072, policy.Resource: 20480} {
		principal := ""
		if kind == policy.Resource {
			principal = `,"Principal":"*"`
		}
		text := strings.Replace(doc, "PRINCIPAL", principal, 1)
		fits := text + strings.Repeat(" ", limit-len(text))
		if _, err := policy.Parse(kind, []byte(fits)); err != nil {
			t.Errorf("%d bytes: %v", limit, err)
		}
		if _, err := policy.Parse(kind, []byte(fits+" ")); err == nil {
			t.Errorf("%d bytes: accepted", limit+1)
		}
		if n := policy.Size([]byte(fits)); n != len(text) {
			t.Errorf("Size() = %d, want %d", n, len(text))
		}
	}
	deep := strings.Repeat(`{"a":`, 100_000)
	if _, err := policy.Parse(policy.Identity, []byte(deep[:131_000])); err == nil {
		t.Error("a deep document is accepted")
	}
}

// TestParse_Positions: statements tell where they stand, as
// SimulatePrincipalPolicy answers it.
func TestParse_Positions(t *testing.T) {
	text := "{\n  \"Statement\": [\n    {\"Sid\":\"a\",\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},\n {\"Effect\":\"Deny\",\n\"Action\":\"*\",\"Resource\":\"*\"}]}"
	d, err := policy.Parse(policy.Identity, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	a, b := d.Statements[0], d.Statements[1]
	if a.Sid != "a" || a.Start != (policy.Position{Line: 3, Column: 5}) || a.End != (policy.Position{Line: 3, Column: 61}) {
		t.Errorf("first: %+v to %+v", a.Start, a.End)
	}
	if b.Effect != policy.Deny || b.Start != (policy.Position{Line: 4, Column: 2}) || b.End != (policy.Position{Line: 5, Column: 29}) {
		t.Errorf("second: %+v to %+v", b.Start, b.End)
	}
}

// TestParse_ContextKeys: keys and variables, each once.
func TestParse_ContextKeys(t *testing.T) {
	d, err := policy.Parse(policy.Identity, document(`allow * arn:aws:s3:::b/${aws:username}/* {"StringLike":{"s3:prefix":"${aws:PrincipalTag/Team}"},"Bool":{"aws:SecureTransport":"true"}} ; allow * * {"Null":{"s3:prefix":"true"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"aws:principaltag/team", "aws:securetransport", "aws:username", "s3:prefix"}
	if got := d.ContextKeys(); !reflect.DeepEqual(got, want) {
		t.Errorf("ContextKeys() = %v, want %v", got, want)
	}
}

// TestParse_Foreign: a statement about other services alone may use their keys.
func TestParse_Foreign(t *testing.T) {
	for _, doc := range []string{
		`allow ec2:* * {"StringEquals":{"ec2:Vpc":"x"}}`,
		`allow ec2:RunInstances,cloudfront:* * {"StringEquals":{"ec2:InstanceType":"${ec2:SourceInstanceARN}"}}`,
	} {
		if _, err := policy.Parse(policy.Identity, document(doc)); err != nil {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

// TestPublic follows the S3 User Guide, "The meaning of public".
func TestPublic(t *testing.T) {
	const on = " s3:GetObject arn:aws:s3:::b/* "
	for doc, want := range map[string]bool{
		"allow for *" + on:            true,
		"allow for 111122223333" + on: false,
		"deny for *" + on:             false,
		"allow for *" + on + `{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`:                         false,
		"allow for *" + on + `{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","0.0.0.0/1"]}}`:           true,
		"allow for *" + on + `{"IpAddress":{"aws:SourceIp":"::/16"}}`:                                true,
		"allow for *" + on + `{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`:                      true,
		"allow for *" + on + `{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`:                            false,
		"allow for *" + on + `{"StringLike":{"aws:SourceVpc":"vpc-*"}}`:                              true,
		"allow for *" + on + `{"StringLike":{"aws:SourceVpc":"vpc-1"}}`:                              false,
		"allow for *" + on + `{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}`:                    true,
		"allow for *" + on + `{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"}}`:               true,
		"allow for *" + on + `{"StringEquals":{"aws:PrincipalArn":"${aws:SourceArn}"}}`:              true,
		"allow for *" + on + `{"StringEquals":{"aws:Referer":"https://example.com/"}}`:               true,
		"allow for *" + on + `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/bob"}}`: false,
		"allow for 111122223333" + on + "; allow for *" + on:                                         true,
	} {
		d, err := policy.Parse(policy.Resource, document(doc))
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if got := d.Public(); got != want {
			t.Errorf("%s: Public() = %v", doc, got)
		}
	}
}

// TestForBucket applies S3's rules for the policy of a bucket.
func TestForBucket(t *testing.T) {
	onBucket := func(a string) bool { return a == "s3:listbucket" }
	onObject := func(a string) bool { return a == "s3:getobject" }
	for doc, want := range map[string]string{
		"s3:GetObject arn:aws:s3:::photos/*":               "",
		"s3:ListBucket arn:aws:s3:::photos":                "",
		"s3:ListBucket arn:aws:s3:::pho*":                  "",
		"s3:GetObject arn:aws:s3:::pho*/a":                 "",
		"s3:ListBucket,s3:GetObject arn:aws:s3:::*":        "",
		"s3:* arn:aws:s3:::photos/a":                       "",
		"* arn:aws:s3:::photos":                            "",
		"!s3:GetObject arn:aws:s3:::photos":                "",
		"s3:GetObject arn:aws:s3:::films/*":                "Policy has invalid resource",
		"s3:GetObject arn:aws:s3:::films*":                 "Policy has invalid resource",
		"s3:GetObject *":                                   "Policy has invalid resource",
		"s3:GetObject arn:aws:s3:::photosx/*":              "Policy has invalid resource",
		"s3:GetObject arn:aws:s3:::photos":                 "Action does not apply to any resource(s) in statement",
		"s3:ListBucket arn:aws:s3:::photos/*":              "Action does not apply to any resource(s) in statement",
		"s3:GetObject,s3:ListBucket arn:aws:s3:::photos/*": "Action does not apply to any resource(s) in statement",
		"s3:Nonsense arn:aws:s3:::photos/*":                "Policy has invalid action",
	} {
		d, err := policy.Parse(policy.Resource, document("allow for * "+doc))
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		err = d.ForBucket("photos", onBucket, onObject)
		if got := strings.TrimPrefix(errText(err), "policy: "); got != want {
			t.Errorf("%s: ForBucket() = %q, want %q", doc, got, want)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestBecause has the ends of AWS's sentences for denials.
func TestBecause(t *testing.T) {
	for d, want := range map[policy.Decision]string{
		{Outcome: policy.Allowed}:      "",
		{}:                             "because no identity-based policy allows the s3:GetObject action",
		{Source: policy.FromResource}:  "because no resource-based policy allows the s3:GetObject action",
		{Source: policy.FromBoundary}:  "because no permissions boundary allows the s3:GetObject action",
		{Source: policy.FromSession}:   "because no session policy allows the s3:GetObject action",
		{Outcome: policy.ExplicitDeny}: "with an explicit deny in an identity-based policy",
		{Outcome: policy.ExplicitDeny, Source: policy.FromSession}: "with an explicit deny in a session policy",
	} {
		if got := d.Because("s3:GetObject"); got != want {
			t.Errorf("Because() = %q, want %q", got, want)
		}
	}
}
