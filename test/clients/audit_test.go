//go:build e2e

package clients

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestSEC_02_AuditOfKeyEvents makes and deletes a key, and asks with the aws-cli
// who did it, when and from where.
func TestSEC_02_AuditOfKeyEvents(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	key := s.newBucket(t, "audited")
	s.deleteKey(t, "audited", key.id)
	_, err := s.lightsail(s.root).DeleteBucketAccessKey(t.Context(), &lightsail.DeleteBucketAccessKeyInput{
		BucketName: aws.String("audited"), AccessKeyId: aws.String(key.id),
	})
	wantCode(t, "deleting a key again", err, "NotFoundException")
	_, err = s.s3(s.root).GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: aws.String("audited")})
	check(t, err)

	cli := newAWSCLI(t, s, "debian").as(s.root)
	lookUp := func(args ...string) (events []auditEvent) {
		t.Helper()
		var out struct {
			Events []struct{ EventName, Username, CloudTrailEvent string }
		}
		text := cli.run(t, cli.at(append([]string{"cloudtrail", "lookup-events", "--output", "json"}, args...))...)
		check(t, json.Unmarshal([]byte(text), &out))
		for _, e := range out.Events {
			var record auditEvent
			check(t, json.Unmarshal([]byte(e.CloudTrailEvent), &record))
			if record.EventName != e.EventName || e.Username != "root" {
				t.Errorf("event %+v has record %+v", e, record)
			}
			events = append(events, record)
		}
		return events
	}
	made := lookUp("--lookup-attributes", "AttributeKey=EventName,AttributeValue=CreateBucketAccessKey")
	if len(made) != 1 || made[0].UserIdentity.AccessKeyID != s.root.id || made[0].SourceIPAddress != "127.0.0.1" ||
		made[0].UserAgent == "" || made[0].RequestParameters["bucketName"] != "audited" ||
		!strings.Contains(string(made[0].ResponseElements), key.id) || strings.Contains(string(made[0].ResponseElements), key.secret) {
		t.Errorf("the record of the key's creation: %+v", made)
	}
	gone := lookUp("--lookup-attributes", "AttributeKey=EventName,AttributeValue=DeleteBucketAccessKey")
	if len(gone) != 2 || gone[0].ErrorCode != "NotFoundException" || gone[1].ErrorCode != "" || gone[1].RequestParameters["accessKeyId"] != key.id {
		t.Errorf("the records of deletions, the newest first: %+v", gone)
	}
	if read := lookUp("--lookup-attributes", "AttributeKey=ResourceName,AttributeValue=audited", "--max-items", "1"); len(read) != 1 || read[0].EventName != "GetBucketLocation" {
		t.Errorf("the newest record of the bucket: %+v", read)
	}

	kh := keyhaven(t)
	cli.line(t, "iam create-user --user-name ann")
	annKey := cli.newUserKey(t, "ann")
	people := lookUp("--lookup-attributes", "AttributeKey=EventSource,AttributeValue=iam.amazonaws.com")
	if len(people) != 2 || people[0].EventName != "CreateAccessKey" || people[0].RequestParameters["userName"] != "ann" ||
		!strings.Contains(string(people[0].ResponseElements), annKey.id) || strings.Contains(string(people[0].ResponseElements), annKey.secret) {
		t.Errorf("the records of a user and her key: %+v", people)
	}

	verified := kh.run(t, "audit", "verify", "--data", s.data)
	wantText(t, "audit verify", verified, " records in 1 files checked", "the log ends with ")
	_, head, _ := strings.Cut(strings.TrimSpace(verified), "the log ends with ")
	s.stop()
	kh.run(t, "audit", "verify", "--data", s.data, "--expect", head)

	files, err := filepath.Glob(filepath.Join(s.data, "audit", "audit-*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files of the log: %v, %v", files, err)
	}
	raw, err := os.ReadFile(files[0])
	check(t, err)
	for _, secret := range []string{s.root.secret, key.secret} {
		if strings.Contains(string(raw), secret) {
			t.Error("SEC-03: the audit log holds a secret access key")
		}
	}
	check(t, os.WriteFile(files[0], []byte(strings.Replace(string(raw), `"DeleteBucketAccessKey"`, `"GetBucketAccessKeys"`, 1)), 0o600))
	if r := kh.try(t, "", "audit", "verify", "--data", s.data); r.code != 1 || !strings.Contains(r.stdout, "does not follow") {
		t.Errorf("verify of a changed log = %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	check(t, os.WriteFile(files[0], raw, 0o600))
}

// TestSEC02_Operators: what an operator does on the machine is recorded, whether the
// server runs or not.
func TestSEC02_Operators(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	kh := keyhaven(t)
	second, root := s.newAccount(t, "second")
	out := kh.run(t, "instance", "register", "web-1", "--data", s.data)
	_, token, ok := strings.Cut(out, "AWS_CONTAINER_AUTHORIZATION_TOKEN=")
	if !ok {
		t.Fatalf("instance register printed %s", out)
	}
	token = strings.TrimSpace(token)
	s.remember(token)
	kh.fails(t, "instance", "remove", "none", "--data", s.data)
	s.stop()
	kh.run(t, "instance", "remove", "web-1", "--data", s.data)
	kh.run(t, "account", "close", second, "--data", s.data)
	made := kh.run(t, "root", "create-access-key", "--data", s.data)
	fields := strings.Fields(made)
	secret := fields[len(fields)-1]
	s.remember(secret)
	kh.run(t, "audit", "verify", "--data", s.data)

	files, err := filepath.Glob(filepath.Join(s.data, "audit", "audit-*.jsonl"))
	check(t, err)
	var did []string
	for _, f := range files {
		raw, err := os.ReadFile(f)
		check(t, err)
		for _, never := range []string{root.secret, token, secret} {
			if strings.Contains(string(raw), never) {
				t.Error("the audit log holds a secret")
			}
		}
		for line := range strings.Lines(string(raw)) {
			var e auditEvent
			check(t, json.Unmarshal([]byte(line), &e))
			if e.UserIdentity.Type == "Operator" {
				did = append(did, strings.TrimSpace(e.EventName+" "+e.ErrorCode))
			}
		}
	}
	want := "CreateAccount, RegisterInstance, RemoveInstance OperatorError, RemoveInstance, CloseAccount, CreateRootAccessKey"
	if got := strings.Join(did, ", "); got != want {
		t.Errorf("operators did %s, want %s", got, want)
	}
}

type auditEvent struct {
	EventName, SourceIPAddress, UserAgent, ErrorCode string

	UserIdentity      struct{ Type, AccessKeyID string }
	RequestParameters map[string]any
	ResponseElements  json.RawMessage
}
