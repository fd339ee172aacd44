package console_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven/internal/identity"
)

func (r *rig) post(target string, body map[string]string) *http.Response {
	r.t.Helper()
	raw, err := json.Marshal(body)
	check(r.t, err)
	return r.send("POST", target, string(raw))
}

const goodPassword, otherPassword = "Correct-horse-1", "Battery-staple-2"

// TestFirstStart: the link sets the root's password once, and signs in.
func TestFirstStart(t *testing.T) {
	r := newRig(t, nil)
	wantStatus(t, "settings", r.send("GET", "/console/settings", ""), 200, `"rootPassword":false`)
	wantStatus(t, "a wrong code", r.post("/console/first-start", map[string]string{"token": "x", "password": goodPassword}), 403, "LinkExpired")
	wantStatus(t, "no code", r.post("/console/first-start", map[string]string{"password": goodPassword}), 403, "LinkExpired")
	for _, weak := range []string{"", "short", "onlylowercaseletters"} {
		wantStatus(t, weak, r.post("/console/first-start", map[string]string{"token": r.first, "password": weak}), 400, "InvalidPassword")
	}
	res := r.post("/console/first-start", map[string]string{"token": r.first, "password": goodPassword})
	wantStatus(t, "the link", res, 200, "ASIA", `"root":true`)
	if len(res.Cookies()) != 1 {
		t.Fatalf("cookies %v, want one", res.Cookies())
	}
	wantStatus(t, "settings", r.send("GET", "/console/settings", ""), 200, `"rootPassword":true`)
	wantStatus(t, "the link again", r.post("/console/first-start", map[string]string{"token": r.first, "password": otherPassword}), 403, "LinkExpired")
	wantStatus(t, "the password", r.post("/console/sign-in", map[string]string{"kind": "root", "password": goodPassword}), 200, "ASIA")
	wantStatus(t, "another password", r.post("/console/sign-in", map[string]string{"kind": "root", "password": otherPassword}), 403, "SignInFailed")
}

func TestFirstStartExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		time.Sleep(identity.FirstStartLifetime)
		wantStatus(t, "an old link", r.post("/console/first-start", map[string]string{"token": r.first, "password": goodPassword}), 403, "LinkExpired")
		r.close()
	})
}

// TestInvitedRoot: the link of an account that was made later signs in its own
// root, who is not the owner of the installation.
func TestInvitedRoot(t *testing.T) {
	r := newRig(t, nil)
	second, code, err := r.people.CreateAccount(context.Background(), identity.AccountInput{Name: "Second", Invite: true})
	check(t, err)
	id := string(second.ID)
	root := map[string]string{"kind": "root", "account": id, "password": goodPassword}
	wantStatus(t, "no password yet", r.post("/console/sign-in", root), 403, "SignInFailed")
	res := r.post("/console/first-start", map[string]string{"token": code.Reveal(), "password": goodPassword})
	wantStatus(t, "the link", res, 200, `"account":"`+id+`"`, `"root":true`, `"owner":false`, `"password":true`)
	wantStatus(t, "the link again", r.post("/console/first-start", map[string]string{"token": code.Reveal(), "password": otherPassword}), 403, "LinkExpired")
	wantStatus(t, "the first root", r.send("GET", "/console/settings", ""), 200, `"rootPassword":false`)
	wantStatus(t, "the password", r.post("/console/sign-in", root), 200, `"account":"`+id+`"`)
	delete(root, "account")
	wantStatus(t, "the password at the first account", r.post("/console/sign-in", root), 403, "SignInFailed")
	wantStatus(t, "the owner", r.signIn(r.root.Secret.Reveal()), 200, `"owner":true`, `"password":false`)
	r.jar = res.Cookies()
	wantStatus(t, "renewal", r.send("POST", "/console/credentials", "{}"), 200, "ASIA")
	_, err = r.people.CloseAccount(context.Background(), second.ID)
	check(t, err)
	wantStatus(t, "renewal after the close", r.send("POST", "/console/credentials", "{}"), 401, "SignedOut")
	root["account"] = id
	wantStatus(t, "sign-in after the close", r.post("/console/sign-in", root), 403, "SignInFailed")
}

// TestS11PasswordEndsSessions: a change of the root's password ends every session
// that the old one opened, and goes on with a new one here.
func TestS11PasswordEndsSessions(t *testing.T) {
	r := newRig(t, nil)
	first := r.post("/console/first-start", map[string]string{"token": r.first, "password": goodPassword}).Cookies()
	second := r.post("/console/sign-in", map[string]string{"kind": "root", "password": goodPassword}).Cookies()
	r.jar = first
	wantStatus(t, "a wrong old password", r.post("/console/password", map[string]string{"oldPassword": "x", "newPassword": otherPassword}), 403, "SignInFailed")
	wantStatus(t, "no new password", r.post("/console/password", map[string]string{"oldPassword": goodPassword, "newPassword": ""}), 400, "InvalidPassword")
	res := r.post("/console/password", map[string]string{"oldPassword": goodPassword, "newPassword": otherPassword})
	wantStatus(t, "the change", res, 200, "ASIA")
	wantStatus(t, "the session that changed it, by its old cookie", r.send("POST", "/console/credentials", "{}"), 401)
	r.jar = second
	wantStatus(t, "another session", r.send("POST", "/console/credentials", "{}"), 401)
	r.jar = res.Cookies()
	wantStatus(t, "the new session", r.send("POST", "/console/credentials", "{}"), 200)
	r.jar = nil
	wantStatus(t, "nobody", r.post("/console/password", map[string]string{"oldPassword": otherPassword, "newPassword": goodPassword}), 401)
}

// TestIAM_15_UserSignsIn: a user signs in by name, is made to change a password
// that somebody else chose, and is out at once when the password goes.
func TestIAM_15_UserSignsIn(t *testing.T) {
	r := newRig(t, nil)
	ids, ctx := r.people, context.Background()
	_, err := ids.CreateUser(ctx, account, identity.NewUser{Name: "bob"})
	check(t, err)
	user := map[string]string{"kind": "user", "userName": "bob", "password": goodPassword}
	wantStatus(t, "no password yet", r.post("/console/sign-in", user), 403, "SignInFailed")
	_, err = ids.CreateLogin(ctx, account, "bob", goodPassword, true)
	check(t, err)
	wantStatus(t, "a password to change", r.post("/console/sign-in", user), 409, "PasswordResetRequired")
	user["newPassword"] = otherPassword
	res := r.post("/console/sign-in", user)
	wantStatus(t, "with a new one", res, 200, `"name":"bob"`, `"root":false`, "user/bob")
	r.jar = res.Cookies()
	wantStatus(t, "renewal", r.send("POST", "/console/credentials", "{}"), 200, "ASIA")
	wantStatus(t, "the root's password", r.post("/console/password", map[string]string{"newPassword": goodPassword}), 403, "NotRoot")
	check(t, ids.DeleteLogin(ctx, account, "bob"))
	wantStatus(t, "renewal after the password has gone", r.send("POST", "/console/credentials", "{}"), 401)
	r.jar = nil
	for _, who := range []map[string]string{
		{"kind": "user", "userName": "", "password": goodPassword},
		{"kind": "user", "userName": "nobody", "password": goodPassword},
		{"kind": "user", "userName": "bob", "password": otherPassword, "account": "999999999999"},
	} {
		wantStatus(t, "a stranger", r.post("/console/sign-in", who), 403, "SignInFailed")
	}
}
