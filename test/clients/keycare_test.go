//go:build e2e

package clients

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestKeyCareByAWSCLI gives the aws-cli the model of Keyhaven's own API, narrows a
// key, rotates it, and holds the S3 API to it.
func TestKeyCareByAWSCLI(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	key := s.newBucket(t, "cared")
	cli := newAWSCLI(t, s, "debian").as(s.root)
	model, err := filepath.Abs("../../docs/keyhaven-api/service-2.json")
	check(t, err)
	cli.run(t, "configure", "add-model", "--service-name", "keyhaven", "--service-model", "file://"+model)
	own := func(args ...string) map[string]any {
		t.Helper()
		var out map[string]any
		text := cli.run(t, cli.at(append([]string{"keyhaven", "--output", "json"}, args...))...)
		check(t, json.Unmarshal([]byte(text), &out))
		return out
	}
	put := func(k accessKey, object string) error {
		_, err := s.s3(k).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("cared"), Key: aws.String(object)})
		return err
	}

	own("update-access-key", "--access-key-id", key.id, "--name", "backup", "--scope", `{"prefixes":["daily/"],"networks":["127.0.0.0/8","::1"]}`)
	check(t, put(key, "daily/1"))
	wantCode(t, "an object outside of the prefix", put(key, "other"), "AccessDenied")
	_, err = s.s3(key).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("cared"), Prefix: aws.String("daily/")})
	check(t, err)
	_, err = s.s3(key).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("cared")})
	wantCode(t, "a listing outside of the prefix", err, "AccessDenied")
	activity := own("get-access-key-activity", "--access-key-id", key.id)["activity"].(map[string]any)
	if activity["requestCount"] != 4. || activity["sourceAddress"] != "127.0.0.1" || activity["action"] != "s3:ListBucket" {
		t.Errorf("activity = %v", activity)
	}

	made := own("rotate-bucket-access-key", "--bucket-name", "cared")["accessKey"].(map[string]any)
	fresh := accessKey{made["accessKeyId"].(string), made["secretAccessKey"].(string)}
	s.remember(fresh.secret)
	check(t, put(fresh, "daily/2"))
	wantCode(t, "the new key outside of the prefix", put(fresh, "other"), "AccessDenied")
	own("step-bucket-access-key-rotation", "--bucket-name", "cared", "--step", "DisableOld")
	wantCode(t, "the disabled key", put(key, "daily/3"), "InvalidAccessKeyId")
	rotation := own("step-bucket-access-key-rotation", "--bucket-name", "cared", "--step", "DeleteOld")["rotation"].(map[string]any)
	if rotation["state"] != "None" {
		t.Errorf("rotation = %v", rotation)
	}

	imported := accessKey{"AKIAIMPORTEDEXAMPLE2", "an-imported-secret-of-some-length"}
	s.remember(imported.secret)
	own("import-bucket-access-key", "--bucket-name", "cared", "--access-key-id", imported.id, "--secret-access-key", imported.secret, "--scope", `{"readOnly":true}`)
	_, err = s.s3(imported).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("cared"), Key: aws.String("daily/2")})
	check(t, err)
	wantCode(t, "a write by a read-only key", put(imported, "daily/4"), "AccessDenied")

	cli.line(t, "iam create-user --user-name moved")
	person := accessKey{"AKIAIMPORTEDEXAMPLE3", "another-imported-secret-of-a-length"}
	s.remember(person.secret)
	own("import-access-key", "--user-name", "moved", "--access-key-id", person.id, "--secret-access-key", person.secret, "--note", "from elsewhere")
	wantText(t, "who the imported key is", newAWSCLI(t, s, "debian").as(person).line(t, "sts get-caller-identity"), ":user/moved")
	if keys := own("get-bucket-access-keys", "--bucket-name", "cared")["accessKeys"].([]any); len(keys) != 2 {
		t.Errorf("keys = %v", keys)
	}
}
