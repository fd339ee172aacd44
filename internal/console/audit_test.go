package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/console"
	"github.com/keyhaven/keyhaven/internal/identity"
)

// trail keeps events.
type trail []*audit.Event

func (l *trail) Append(_ context.Context, e *audit.Event) { *l = append(*l, e) }

// lines tells the events and forgets them.
func (l *trail) lines() (out []string) {
	for _, e := range *l {
		var result map[string]string
		_ = json.Unmarshal(e.ResponseElements, &result)
		out = append(out, fmt.Sprint(e.EventName, " ", result[e.EventName], " by ", e.UserIdentity.Type, " ", e.UserIdentity.UserName, e.UserIdentity.AccessKeyID, " in ", e.RecipientAccountID))
	}
	*l = nil
	return out
}

// TestSEC02_SignIns: what people do at the console's door is recorded, without
// what they typed.
func TestSEC02_SignIns(t *testing.T) {
	var log trail
	r := newRig(t, func(o *console.Options) { o.Audit = &log })
	ctx := context.Background()
	const secret = "Correct-horse-battery-1"
	want := func(what string, lines ...string) {
		t.Helper()
		for _, e := range log {
			raw, err := json.Marshal(e)
			check(t, err)
			for _, typed := range []string{secret, "not-the-password", r.root.Secret.Reveal(), r.first} {
				if strings.Contains(string(raw), typed) {
					t.Errorf("%s: a record holds %q", what, typed)
				}
			}
			if e.EventType != audit.ConsoleSignIn || e.EventSource != "signin.amazonaws.com" || e.SourceIPAddress == "" || e.RequestID == "" {
				t.Errorf("%s: %s", what, raw)
			}
		}
		if got := log.lines(); strings.Join(got, "\n") != strings.Join(lines, "\n") {
			t.Errorf("%s is recorded as %q, want %q", what, got, lines)
		}
	}
	r.jar = r.post("/console/first-start", map[string]string{"token": r.first, "password": secret}).Cookies()
	want("the first start", "PasswordUpdated Success by Root  in 111122223333", "ConsoleLogin Success by Root  in 111122223333")
	r.post("/console/sign-out", nil)
	want("a sign-out", "Logout Success by Root  in 111122223333")
	r.post("/console/sign-out", nil)
	want("a sign-out of nobody")
	r.post("/console/sign-in", map[string]string{"kind": "root", "password": "not-the-password"})
	want("a wrong password", "ConsoleLogin Failure by Root  in 111122223333")
	_, err := r.people.CreateUser(ctx, account, identity.NewUser{Name: "bob"})
	check(t, err)
	r.post("/console/sign-in", map[string]string{"kind": "user", "userName": "bob", "password": "not-the-password"})
	want("a user's wrong password", "ConsoleLogin Failure by IAMUser bob in 111122223333")
	r.post("/console/sign-in", map[string]string{"kind": "user", "userName": "not-the-password", "password": "x"})
	want("a name of nobody", "ConsoleLogin Failure by IAMUser HIDDEN_DUE_TO_SECURITY_REASONS in 111122223333")
}

// TestSEC02_FailuresOfOtherAccounts: who fails to sign in to an account is told of
// in its log, and who names none that there is in the first account's.
func TestSEC02_FailuresOfOtherAccounts(t *testing.T) {
	var log trail
	r := newRig(t, func(o *console.Options) { o.Audit = &log })
	ctx := context.Background()
	second, _, err := r.people.CreateAccount(ctx, identity.AccountInput{Name: "Second", ID: "444455556666"})
	check(t, err)
	check(t, r.people.SetAlias(ctx, second.ID, "blue"))
	_, err = r.people.CreateUser(ctx, second.ID, identity.NewUser{Name: "bob"})
	check(t, err)
	for _, c := range []struct{ kind, account, user, want string }{
		{"root", "444455556666", "", "ConsoleLogin Failure by Root  in 444455556666"},
		{"root", "blue", "", "ConsoleLogin Failure by Root  in 444455556666"},
		{"root", "999999999999", "", "ConsoleLogin Failure by Root  in 111122223333"},
		{"user", "blue", "bob", "ConsoleLogin Failure by IAMUser bob in 444455556666"},
		{"user", "", "bob", "ConsoleLogin Failure by IAMUser HIDDEN_DUE_TO_SECURITY_REASONS in 111122223333"},
	} {
		wantStatus(t, c.want, r.post("/console/sign-in", map[string]string{"kind": c.kind, "account": c.account, "userName": c.user, "password": "not-the-password"}), 403)
		if got := log.lines(); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s %q of %q is recorded as %q, want %q", c.kind, c.user, c.account, got, c.want)
		}
	}
}
