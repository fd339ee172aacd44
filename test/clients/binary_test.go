//go:build e2e

package clients

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// keyhaven is the binary as a command.
func keyhaven(t testing.TB) program {
	t.Helper()
	return program{path: binary(t), env: cleanEnv(t), dir: t.TempDir(), time: patience}
}

// TestFirstStartShowsTheKeyOnce covers what a newcomer sees.
func TestFirstStartShowsTheKeyOnce(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(s.root.id) || len(s.root.secret) != 40 {
		t.Errorf("the first start printed id %q and a secret of %d characters", s.root.id, len(s.root.secret))
	}
	wantText(t, "the first start", s.out.text(), "lightsail create-bucket --bucket-name", "lightsail create-bucket-access-key", s.endpoint, s.console)
	if n := strings.Count(s.out.text(), s.root.secret); n != 1 {
		t.Errorf("the first start printed the secret %d times, want once", n)
	}
	s.stop()
	s.start()
	if out := s.out.text(); strings.Contains(out, s.root.secret) || strings.Contains(out, s.root.id) {
		t.Errorf("the second start printed the key again:\n%s", out)
	}
	_, err := s.lightsail(s.root).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
	check(t, err)
}

// TestRootKeyFromTheEnvironment covers an operator who chooses the key, and then
// another one.
func TestRootKeyFromTheEnvironment(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.direct = true
	works := func(k accessKey) error {
		_, err := s.lightsail(k).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
		return err
	}
	first, second := accessKey{"OPERATOR_CHOICE_1", "first secret of the operator"}, accessKey{"OPERATOR_CHOICE_2", "second secret of the operator"}
	for _, k := range []accessKey{first, second} {
		s.remember(k.secret)
	}
	environment := func(k accessKey) []string {
		return []string{"KEYHAVEN_ROOT_ACCESS_KEY_ID=" + k.id, "KEYHAVEN_ROOT_SECRET_ACCESS_KEY=" + k.secret}
	}
	s.env = environment(first)
	s.start()
	if s.root.id != "" || s.out.has(first.secret) {
		t.Errorf("the first start printed a key although the environment gave one:\n%s", s.out.text())
	}
	check(t, works(first))
	s.stop()
	s.env = environment(second)
	s.start()
	check(t, works(second))
	wantCode(t, "the key that the environment gave before", works(first), "UnrecognizedClientException")
	s.stop()

	for name, env := range map[string][]string{
		"an id alone":    {"KEYHAVEN_ROOT_ACCESS_KEY_ID=OPERATOR_CHOICE_1"},
		"a short secret": environment(accessKey{"OPERATOR_CHOICE_1", "short"}),
	} {
		got := keyhaven(t).with(env...).fails(t, "serve", "--data", s.data, "--listen", "127.0.0.1:0", "--console-listen", "")
		if strings.Contains(got, "short") && name == "a short secret" {
			t.Errorf("%s: the refusal shows the secret: %s", name, got)
		}
	}
}

// TestHealthAndConsole covers the pages that need no key.
func TestHealthAndConsole(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	for path, want := range map[string]int{"/-/health/live": 200, "/-/health/ready": 200, "/-/nothing": 404} {
		if status, body := fetch(t, s.httpClient(), s.endpoint+path, nil); status != want {
			t.Errorf("GET %s: status %d, want %d\n%s", path, status, want, body)
		}
	}
	status, body := fetch(t, http.DefaultClient, s.console+"/", nil)
	if status != http.StatusOK {
		t.Errorf("GET of the console: status %d", status)
	}
	wantText(t, "the console", body, "Keyhaven")
	_, body = fetch(t, http.DefaultClient, s.console+"/console/settings", nil)
	wantText(t, "the settings of the console", body, s.endpoint, "lightsail:CreateBucketAccessKey", "s3:PutObject")
	if status, _ := fetch(t, http.DefaultClient, s.console+"/nothing", nil); status != http.StatusNotFound {
		t.Errorf("GET of a page that the console does not have: status %d, want 404", status)
	}
	if status, _ := fetch(t, http.DefaultClient, s.console+"/-/health/ready", nil); status != http.StatusNotFound {
		t.Errorf("the console answers for the API's health: status %d, want 404", status)
	}
}

// TestSEC05KEY10RestartKeepsEverything restarts a server after SIGTERM and after
// SIGKILL.
func TestSEC05KEY10RestartKeepsEverything(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*server){"SIGTERM": (*server).stop, "SIGKILL": (*server).kill} {
		t.Run(name, func(t *testing.T) {
			s := startDirect(t)
			key := s.newBucket(t, "kept")
			for _, size := range []int{0, 1, 70_000, 9 << 20} {
				_, err := s.s3(key).PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: aws.String("kept"), Key: aws.String(string(rune('a' + size%26))), Body: strings.NewReader(strings.Repeat("x", size)),
				})
				check(t, err)
			}
			before := lastUse(t, s, "kept")
			end(s)
			s.start()
			if name == "SIGTERM" && lastUse(t, s, "kept") != before {
				t.Errorf("last used: %q after the restart, want %q", lastUse(t, s, "kept"), before)
			}
			if !strings.HasPrefix(before, "s3 "+region) {
				t.Errorf("last used: %q, want s3 in %s", before, region)
			}
			for _, size := range []int{0, 1, 70_000, 9 << 20} {
				if got := get(t, s.s3(key), "kept", string(rune('a'+size%26))); len(got) != size {
					t.Errorf("an object of %d bytes has %d after the restart", size, len(got))
				}
			}
		})
	}
}

// lastUse returns service, Region and time of the last use of the bucket's only
// key.
func lastUse(t testing.TB, s *server, bucket string) string {
	t.Helper()
	out, err := s.lightsail(s.root).GetBucketAccessKeys(t.Context(), &lightsail.GetBucketAccessKeysInput{BucketName: aws.String(bucket)})
	check(t, err)
	u := out.AccessKeys[0].LastUsed
	if u.LastUsedDate == nil {
		return aws.ToString(u.ServiceName)
	}
	return *u.ServiceName + " " + *u.Region + " " + u.LastUsedDate.String()
}

// TestSEC03SecretsAreSealed looks for secrets in everything that the server
// keeps: none is there in clear.
func TestSEC03SecretsAreSealed(t *testing.T) {
	t.Parallel()
	s := startDirect(t, "--log-level", "debug")
	key := s.newBucket(t, "sealed")
	wrong := accessKey{key.id, "a-secret-that-was-typed-in-wrongly"}
	s.remember(wrong.secret)
	_, err := s.s3(wrong).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("sealed")})
	wantCode(t, "a wrong secret", err, "SignatureDoesNotMatch")
	_, err = s.lightsail(wrong).GetBuckets(t.Context(), &lightsail.GetBucketsInput{})
	wantCode(t, "a wrong secret", err, "InvalidSignatureException")
	s.stop()
	seen := 0
	for name := range files(t, s.data) {
		raw, err := os.ReadFile(filepath.Join(s.data, name))
		check(t, err)
		for _, secret := range []string{s.root.secret, key.secret} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("%s holds a secret access key in clear", name)
			}
		}
		if strings.Contains(string(raw), key.id) {
			seen++
		}
	}
	for path, want := range map[string]os.FileMode{"": 0o700, "meta": 0o700, "blobs": 0o700, "keyring.json": 0o600} {
		info, err := os.Stat(filepath.Join(s.data, path))
		check(t, err)
		if mode := info.Mode().Perm(); mode != want {
			t.Errorf("%s/%s has mode %v, want %v: nobody else reads it", s.data, path, mode, want)
		}
	}
	if seen == 0 {
		t.Error("no file holds the key's id: the search for secrets has looked at nothing")
	}
}
