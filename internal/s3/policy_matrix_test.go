package s3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/policy"
	"github.com/keyhaven/keyhaven/internal/s3"
)

// The kinds of principals that have policies.
var withPolicies = map[string]keyhaven.Principal{
	"user":           {Kind: keyhaven.UserPrincipal, Account: account, Arn: "arn:aws:iam::111122223333:user/bob", Name: "bob"},
	"role session":   {Kind: keyhaven.RoleSession, Account: account, Arn: "arn:aws:sts::111122223333:assumed-role/r/s", RoleARN: "arn:aws:iam::111122223333:role/r"},
	"federated user": {Kind: keyhaven.FederatedUser, Account: account, Arn: "arn:aws:sts::111122223333:federated-user/jo", Name: "jo"},
	"foreign user":   {Kind: keyhaven.UserPrincipal, Account: other, Arn: "arn:aws:iam::444455556666:user/bob", Name: "bob"},
}

func identityPolicy(t testing.TB, statements string) []policy.Policy {
	t.Helper()
	doc, err := policy.Parse(policy.Identity, []byte(`{"Version":"2012-10-17","Statement":[`+statements+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	return []policy.Policy{{Document: doc}}
}

// TestS3_PolicyMatrix holds each row against each kind of principal and each way
// in which policies combine. The decision is that of the row's own action, on
// the request as a client sends it.
func TestS3_PolicyMatrix(t *testing.T) {
	s := newServer(t)
	s.newLightsailBucket(t, "photos") // private: no list of an object allows anything
	s.must(t, root, "PUT", "/photos/a.txt", "hello")
	allow, deny, except, one := `{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Action":%q,"Resource":"*"}`,
		`{"Effect":"Allow","NotAction":%q,"Resource":"*"}`, `{"Effect":"Allow","Action":%q,"Resource":"*"}`
	checked := 0
	for _, row := range s3.AllRows() {
		for _, action := range []string{row.Action, row.VersionAction} {
			if action == "" {
				continue
			}
			own := func(format string) []policy.Policy {
				if strings.Contains(format, "%q") {
					format = fmt.Sprintf(format, action)
				}
				return identityPolicy(t, format)
			}
			for variant, c := range map[string]struct {
				own     access.Policies
				allowed bool
			}{
				"none":                {access.Policies{}, false},
				"allow":               {access.Policies{Identity: own(one)}, true},
				"allow of the others": {access.Policies{Identity: own(except)}, false},
				"deny":                {access.Policies{Identity: own(allow + "," + deny)}, false},
				"boundary":            {access.Policies{Identity: own(allow), Boundary: own(one)}, true},
				"boundary without":    {access.Policies{Identity: own(allow), Boundary: own(except)}, false},
				"boundary alone":      {access.Policies{Boundary: own(allow)}, false},
				"session":             {access.Policies{Identity: own(allow), Session: own(one)}, true},
				"session without":     {access.Policies{Identity: own(allow), Session: own(except)}, false},
				"session alone":       {access.Policies{Session: own(allow)}, false},
			} {
				for who, p := range withPolicies {
					target := rowTarget(row, "photos")
					if action == row.VersionAction {
						target += map[bool]string{true: "&", false: "?"}[strings.Contains(target, "?")] + "versionId=null"
					}
					r := s.request(t, row.Method, target, "", rowHeaders(row, "photos/a.txt")...)
					err := s.door.Decide(r, &access.Identity{Principal: p, HTTP: r, Policies: &c.own})
					want := c.allowed && (who != "foreign user" || row.Service || row.Name == "CreateBucket")
					if denied := keyhaven.KindOf(err) == keyhaven.Denied; err != nil && !denied || denied == want {
						t.Errorf("%s, %s, %s by %s: %v, want allowed %v", row.Name, action, variant, who, err, want)
					}
					checked++
				}
			}
		}
	}
	if checked < 4000 {
		t.Errorf("%d cases only", checked)
	}
}
