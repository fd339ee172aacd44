package keycare

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
)

const password = "Correct-horse-1"

// owner is what an operation answers the owner, who must not be refused.
func (r *rig) owner(op, body string) map[string]any {
	r.t.Helper()
	typ, out := r.call(r.root, op, body)
	if typ != "" {
		r.t.Fatalf("%s %s = %v", op, body, out)
	}
	return out
}

// rootIn signs in the root of the account by its password.
func (r *rig) rootIn(id string) error {
	_, err := r.ids.SignIn(r.t.Context(), id, "", password)
	return err
}

func idOf(out map[string]any) string { return out["account"].(map[string]any)["accountId"].(string) }

// code is that of the link in an answer.
func (r *rig) code(out map[string]any) keyhaven.Secret {
	r.t.Helper()
	code, ok := strings.CutPrefix(out["invitation"].(map[string]any)["signInLink"].(string), "https://console.test/start#")
	if !ok {
		r.t.Errorf("the link is %v", out["invitation"])
	}
	return keyhaven.NewSecret(code)
}

// TestAccountsOfTheOwner: made, invited, seen, invited again, closed.
func TestAccountsOfTheOwner(t *testing.T) {
	r := newRig(t)
	made := r.owner("CreateAccount", `{"name":"Second"}`)
	id := idOf(made)
	if a := made["account"].(map[string]any); a["name"] != "Second" || a["state"] != "Open" || a["first"] != false || a["invitedUntil"] != made["invitation"].(map[string]any)["expiresAt"] {
		t.Errorf("CreateAccount answers %v", made)
	}
	old := r.code(made)
	r.now = r.now.Add(25 * time.Hour)
	code := r.code(r.owner("CreateAccountInvitation", `{"accountId":"`+id+`"}`))
	if _, err := r.ids.AcceptInvitation(t.Context(), old, password); keyhaven.KindOf(err) != keyhaven.Denied {
		t.Errorf("the code that was replaced: %v", err)
	}
	_, err := r.ids.AcceptInvitation(t.Context(), code, password)
	must(t, err)
	must(t, r.rootIn(id))
	key, err := r.keys.CreateRootKey(t.Context(), keyhaven.AccountID(id))
	must(t, err)
	if typ, out := r.call(key, "GetAccessKey", `{"accessKeyId":"`+key.ID+`"}`); typ != "" {
		t.Fatalf("the new root is refused: %v", out)
	}
	_, _, err = r.ids.RegisterInstance(t.Context(), keyhaven.AccountID(id), region, "web-1")
	must(t, err)
	got := r.owner("GetAccount", `{"accountId":"`+id+`"}`)
	want := map[string]any{"buckets": 0.0, "users": 0.0, "groups": 0.0, "roles": 0.0, "policies": 0.0, "instances": 1.0}
	if !maps.Equal(got["contents"].(map[string]any), want) || got["account"].(map[string]any)["invitedUntil"] != nil {
		t.Errorf("GetAccount answers %v", got)
	}
	closed := r.owner("CloseAccount", `{"accountId":"`+id+`"}`)
	if a := closed["account"].(map[string]any); !maps.Equal(closed["lost"].(map[string]any), want) || a["state"] != "Closed" || a["closedAt"] == nil {
		t.Errorf("CloseAccount answers %v", closed)
	}
	if typ, _ := r.call(key, "GetAccessKey", `{"accessKeyId":"`+key.ID+`"}`); typ != "UnrecognizedClientException" {
		t.Errorf("the key of a closed account: %s", typ)
	}
	if err := r.rootIn(id); keyhaven.KindOf(err) != keyhaven.Denied {
		t.Errorf("the root of a closed account signs in: %v", err)
	}
}

func TestAccountWithAPassword(t *testing.T) {
	r := newRig(t)
	r.console = "" // which it does not need
	made := r.owner("CreateAccount", `{"name":"Second","accountId":"777788889999","rootPassword":"`+password+`"}`)
	if idOf(made) != "777788889999" || made["invitation"] != nil {
		t.Errorf("CreateAccount answers %v", made)
	}
	must(t, r.rootIn("777788889999"))
}

func TestListAccountsPages(t *testing.T) {
	r := newRig(t)
	for _, id := range []string{"777788889999", "888899990000", "999900001111"} {
		r.owner("CreateAccount", `{"name":"x","accountId":"`+id+`"}`)
	}
	r.owner("CloseAccount", `{"accountId":"888899990000"}`)
	var got []string
	token := ""
	for {
		out := r.owner("ListAccounts", `{"maxResults":2`+token+`}`)
		for _, a := range out["accounts"].([]any) {
			a := a.(map[string]any)
			line := a["accountId"].(string) + " " + a["state"].(string)
			if a["first"] == true {
				line += " first"
			}
			got = append(got, line)
		}
		next, more := out["nextToken"].(string)
		if !more {
			break
		}
		token = `,"nextToken":"` + next + `"`
	}
	want := []string{"111122223333 Open first", "777788889999 Open", "888899990000 Closed", "999900001111 Open"}
	if !slices.Equal(got, want) {
		t.Errorf("the pages have %q, want %q", got, want)
	}
	if all := r.owner("ListAccounts", "{}"); len(all["accounts"].([]any)) != 4 || all["nextToken"] != nil {
		t.Errorf("ListAccounts answers %v", all)
	}
}

func TestErrorsOfAccounts(t *testing.T) {
	r := newRig(t)
	second := idOf(r.owner("CreateAccount", `{"name":"Second","rootPassword":"`+password+`"}`))
	for _, c := range []struct{ op, body, want, text string }{
		{"ListAccounts", `{"maxResults":0}`, "InvalidInputException", "maxResults"},
		{"ListAccounts", `{"maxResults":1001}`, "InvalidInputException", "maxResults"},
		{"ListAccounts", `{"nextToken":"x"}`, "InvalidInputException", "nextToken"},
		{"ListAccounts", `{"nextToken":1}`, "SerializationException", ""},
		{"GetAccount", `{}`, "NotFoundException", "The account does not exist."},
		{"GetAccount", `{"accountId":"999999999999"}`, "NotFoundException", "The account does not exist."},
		{"CreateAccount", `{}`, "InvalidInputException", "1 to 50 characters"},
		{"CreateAccount", `{"name":"` + strings.Repeat("x", 51) + `"}`, "InvalidInputException", "1 to 50 characters"},
		{"CreateAccount", `{"name":"x","accountId":"12"}`, "InvalidInputException", "twelve digits"},
		{"CreateAccount", `{"name":"x","accountId":"` + string(account) + `"}`, "AlreadyExistsException", "There is or was"},
		{"CreateAccount", `{"name":"x","rootPassword":"weak"}`, "InvalidInputException", "password policy"},
		{"CreateAccountInvitation", `{}`, "NotFoundException", "The account does not exist."},
		{"CreateAccountInvitation", `{"accountId":"` + second + `"}`, "ConflictException", "no invitation"},
		{"CreateAccountInvitation", `{"accountId":"` + string(account) + `"}`, "ConflictException", "no invitation"},
		{"CloseAccount", `{}`, "NotFoundException", "The account does not exist."},
		{"CloseAccount", `{"accountId":"` + string(account) + `"}`, "ConflictException", "cannot be closed"},
	} {
		typ, out := r.call(r.root, c.op, c.body)
		text, _ := out["message"].(string)
		if typ != c.want || !strings.Contains(text, c.text) {
			t.Errorf("%s %.80s = %v, want %s %q", c.op, c.body, out, c.want, c.text)
		}
	}
	r.console = ""
	for _, c := range [][2]string{{"CreateAccount", `{"name":"Third"}`}, {"CreateAccountInvitation", `{"accountId":"` + second + `"}`}} {
		if typ, out := r.call(r.root, c[0], c[1]); typ != "ConflictException" || !strings.Contains(out["message"].(string), "No console listens") {
			t.Errorf("%s without a console = %v", c[0], out)
		}
	}
	if out := r.owner("ListAccounts", "{}"); len(out["accounts"].([]any)) != 2 {
		t.Errorf("what was refused has made an account: %v", out)
	}
}

// TestCloseAccountWithBuckets: data is never lost by the close of an account.
func TestCloseAccountWithBuckets(t *testing.T) {
	r := newRig(t)
	id := idOf(r.owner("CreateAccount", `{"name":"Second"}`))
	r.bucket(keyhaven.AccountID(id), "theirs")
	if typ, out := r.call(r.root, "CloseAccount", `{"accountId":"`+id+`"}`); typ != "ConflictException" || !strings.Contains(out["message"].(string), "has buckets") {
		t.Errorf("CloseAccount = %v", out)
	}
	if got := r.owner("GetAccount", `{"accountId":"`+id+`"}`); got["account"].(map[string]any)["state"] != "Open" || got["contents"].(map[string]any)["buckets"] != 1.0 {
		t.Errorf("GetAccount answers %v", got)
	}
}
