//go:build e2e

package clients

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
)

var accountLine = regexp.MustCompile(`Account\s+(\d{12})`)

// newAccount makes an account and returns its id and its root's key.
func (s *server) newAccount(t testing.TB, name string) (id string, root accessKey) {
	t.Helper()
	out := keyhaven(t).run(t, "account", "create", name, "--data", s.data)
	m := accountLine.FindStringSubmatch(out)
	key := regexp.MustCompile(`Access key id\s+(\S+)\s+Secret access key\s+(\S+)`).FindStringSubmatch(out)
	if m == nil || key == nil {
		t.Fatalf("account create printed\n%s", out)
	}
	s.remember(key[2])
	return m[1], accessKey{key[1], key[2]}
}

// TestAccounts: an operator makes, lists and closes accounts, whether the server
// runs or not; what a closed one had is refused at once.
func TestAccounts(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	works := func(k accessKey) error {
		_, err := s.lightsail(k).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
		return err
	}
	second, root := s.newAccount(t, "second")
	check(t, works(root))
	s.stop()
	third, _ := s.newAccount(t, "third")
	out := keyhaven(t).run(t, "account", "list", "--data", s.data)
	wantText(t, "account list", out, second, "second", third, "third")
	s.start()
	check(t, works(root))
	keyhaven(t).run(t, "account", "close", second, "--data", s.data)
	wantCode(t, "the key of a closed account", works(root), "UnrecognizedClientException")
	out = keyhaven(t).run(t, "account", "list", "--data", s.data)
	if !regexp.MustCompile(second+`.*closed`).MatchString(out) || strings.Count(out, "open") != 2 {
		t.Errorf("account list = %s", out)
	}
	wantText(t, "closing it twice", keyhaven(t).fails(t, "account", "close", "000000000000", "--data", s.data), "not found")
}
