//go:build e2e

package clients

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
)

// TestAccountsByAWSCLI: the owner makes an account by the aws-cli, whose root sets a
// password by the link, once; nobody else may, and a closed account is over at once.
func TestAccountsByAWSCLI(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	model, err := filepath.Abs("../../docs/keyhaven-api/service-2.json")
	check(t, err)
	by := func(k accessKey) awsCLI {
		cli := newAWSCLI(t, s, "debian").as(k)
		cli.run(t, "configure", "add-model", "--service-name", "keyhaven", "--service-model", "file://"+model)
		return cli
	}
	owner := by(s.root)
	var made struct {
		Account    struct{ AccountID string }
		Invitation struct{ SignInLink string }
	}
	owner.answer(t, &made, "keyhaven create-account --name second")
	id := made.Account.AccountID
	link, err := url.Parse(made.Invitation.SignInLink)
	check(t, err)
	s.remember(link.Fragment)
	if link.Scheme+"://"+link.Host != s.console || link.Path != "/start" {
		t.Errorf("the link leads to %s%s, want the console at %s", link.Host, link.Path, s.console)
	}
	const password = "Correct-horse-1"
	s.remember(password)
	post := func(path string, body map[string]string) int {
		t.Helper()
		raw, err := json.Marshal(body)
		check(t, err)
		resp, err := http.Post(s.console+path, "application/json", strings.NewReader(string(raw)))
		check(t, err)
		check(t, resp.Body.Close())
		return resp.StatusCode
	}
	accept := map[string]string{"token": link.Fragment, "password": password}
	if first, again := post("/console/first-start", accept), post("/console/first-start", accept); first != 200 || again != 403 {
		t.Errorf("the link answers %d, then %d", first, again)
	}
	root := map[string]string{"kind": "root", "account": id, "password": password}
	if status := post("/console/sign-in", root); status != 200 {
		t.Errorf("the new root signs in: %d", status)
	}

	third, key := s.newAccount(t, "third")
	wantText(t, "the list", owner.line(t, "keyhaven list-accounts"), id, third)
	by(key).refused(t, "AccessDeniedException", "ListAccounts", "keyhaven list-accounts")
	owner.line(t, "iam create-user --user-name bob")
	owner.line(t, "iam attach-user-policy --user-name bob --policy-arn arn:aws:iam::aws:policy/AdministratorAccess")
	by(owner.newUserKey(t, "bob")).refused(t, "AccessDeniedException", "CloseAccount", "keyhaven close-account --account-id "+third)

	wantText(t, "the close", owner.line(t, "keyhaven close-account --account-id "+third), "Closed")
	_, err = s.lightsail(key).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
	wantCode(t, "the key of the closed account", err, "UnrecognizedClientException")
	owner.line(t, "keyhaven close-account --account-id "+id)
	if status := post("/console/sign-in", root); status != 403 {
		t.Errorf("the root of a closed account signs in: %d", status)
	}
}
