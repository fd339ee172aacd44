//go:build e2e

package clients

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// minioSettings are as mc admin cluster iam export writes them.
var minioSettings = map[string]string{
	"policies.json": `{
		"readonly":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetBucketLocation","s3:GetObject"],"Resource":["arn:aws:s3:::*"]}]},
		"readwrite":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]},
		"consoleAdmin":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["admin:*"]},{"Effect":"Allow","Action":["kms:*"]},{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]},
		"odd":{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["s3:GetObject"],"Resource":["arn:aws:s3:::*"]}]},
		"claims":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"],"Condition":{"StringEquals":{"jwt:groups":"x"}}}]}}`,
	"users.json": `{"alice":{"secretKey":"alice-secret","status":"enabled"},"bobby":{"secretKey":"bobby-secret","status":"enabled"},
		"carol":{"secretKey":"carol-secret","status":"disabled"},"dave":{"secretKey":"dave-secret-1","status":"enabled"},"erin":{"secretKey":"erin-secret-1","status":"enabled"}}`,
	"groups.json": `{"writers":{"version":1,"status":"enabled","members":["bobby"]},"off":{"version":1,"status":"disabled","members":["alice"]}}`,
	"svcaccts.json": `{"SVCALICE":{"parent":"alice","accessKey":"SVCALICE","secretKey":"svc-alice-secret","groups":null,"claims":{"parent":"alice"},"sessionPolicy":null,"status":"on","name":"backup","description":"nightly"},
		"SVCBOBBY":{"parent":"bobby","accessKey":"SVCBOBBY","secretKey":"svc-bobby-secret","groups":["writers"],"claims":{},"sessionPolicy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::films/b*"]}]},"status":"on"},
		"SVCROOT":{"parent":"minioadmin","accessKey":"SVCROOT","secretKey":"svc-root-secret","claims":{},"sessionPolicy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::films/*"]}]},"status":"on","expiration":"1970-01-01T00:00:00Z"},
		"SVCLDAP":{"parent":"uid=x,dc=min","accessKey":"SVCLDAP","secretKey":"svc-ldap-secret","claims":{},"sessionPolicy":null,"status":"on"}}`,
	"user_mappings.json":    `{"alice":{"version":1,"policy":"readonly"},"carol":{"version":1,"policy":"readwrite"},"dave":{"version":1,"policy":"readwrite,odd"}}`,
	"group_mappings.json":   `{"writers":{"version":1,"policy":"readwrite"},"off":{"version":1,"policy":"readwrite"}}`,
	"stsuser_mappings.json": `{}`,
}

func writeMinIO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "iam-info.zip")
	f, err := os.Create(path)
	check(t, err)
	z := zip.NewWriter(f)
	for name, text := range minioSettings {
		w, err := z.Create("iam-assets/" + name)
		check(t, err)
		_, err = w.Write([]byte(text))
		check(t, err)
	}
	check(t, z.Close())
	check(t, f.Close())
	return path
}

// TestImportMinIO: the clients of a MinIO go on with the keys they have, and may
// what they might, never more.
func TestImportMinIO(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.newBucket(t, "films")
	_, err := s.s3(s.root).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("films"), Key: aws.String("a"), Body: strings.NewReader("film")})
	check(t, err)
	cli := newAWSCLI(t, s, "debian").as(s.root)
	cli.line(t, "iam create-user --user-name erin")
	kh := keyhaven(t).with("AWS_ACCESS_KEY_ID="+s.root.id, "AWS_SECRET_ACCESS_KEY="+s.root.secret)
	args := []string{"import", "minio", "--iam", writeMinIO(t), "--root-user", "minioadmin", "--to", s.endpoint}
	if s.tls != nil {
		kh = kh.with("SSL_CERT_FILE=" + s.tls.certFile)
	}

	kh.try(t, "", append(args, "--dry-run")...)
	if out := cli.line(t, "iam list-users"); strings.Contains(out, "alice") {
		t.Errorf("a dry run makes %s", out)
	}
	first := kh.try(t, "", args...)
	out := first.stdout + first.stderr
	wantText(t, "the import", out,
		"note: policy consoleAdmin without admin:*, kms:*", "failed: policy odd: it uses NotAction", "failed: policy claims: it has a condition on jwt:groups",
		"failed: user dave: the policy odd is not here", "failed: user erin: there is another of this name", "note: group off is disabled",
		`failed: service account SVCLDAP: its parent "uid=x,dc=min" is no user`)
	for _, u := range []string{"alice", "bobby", "carol", "dave", "svc-alice", "svc-bobby", "svc-root", "svc-ldap"} {
		if strings.Contains(out, u+"-secret") {
			t.Errorf("the import prints a secret of %s", u)
		}
	}
	get := func(k accessKey) error {
		_, err := s.s3(k).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("films"), Key: aws.String("a")})
		return err
	}
	put := func(k accessKey, name string) error {
		_, err := s.s3(k).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("films"), Key: &name, Body: strings.NewReader("x")})
		return err
	}
	alice, bobby, svcAlice, svcBobby := accessKey{"alice", "alice-secret"}, accessKey{"bobby", "bobby-secret"}, accessKey{"SVCALICE", "svc-alice-secret"}, accessKey{"SVCBOBBY", "svc-bobby-secret"}
	svcRoot := accessKey{"SVCROOT", "svc-root-secret"}
	for _, k := range []accessKey{alice, svcAlice, svcRoot} {
		check(t, get(k))
		wantCode(t, k.id+" writes", put(k, "b1"), "AccessDenied")
	}
	check(t, put(bobby, "c"))
	check(t, put(svcBobby, "b1"))
	wantCode(t, "a service account beyond its policy", put(svcBobby, "c"), "AccessDenied")
	wantCode(t, "a disabled user", get(accessKey{"carol", "carol-secret"}), "InvalidAccessKeyId")
	wantCode(t, "a user with a policy that is not here", get(accessKey{"dave", "dave-secret-1"}), "AccessDenied")
	wantCode(t, "the key of somebody who was here before", get(accessKey{"erin", "erin-secret-1"}), "InvalidAccessKeyId")
	for _, k := range []accessKey{alice, bobby, svcAlice, svcBobby, svcRoot} {
		s.remember(k.secret)
	}

	again := kh.try(t, "", args...)
	wantText(t, "the import again", again.stdout, "settings: 0 made, ", " there already, 5 failed")
	if strings.Contains(again.stdout, "would make") {
		t.Errorf("the import again printed %s", again.stdout)
	}
	wantText(t, "an archive of something else", kh.fails(t, "import", "minio", "--iam", kh.write(t, "x.zip", "no zip"), "--to", s.endpoint), "x.zip")
	wantText(t, "nothing to do", kh.fails(t, "import", "minio"), "--iam FILE")
}
