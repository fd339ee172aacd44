//go:build e2e

package clients

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mainJob is one walk of what the product is for: a bucket, a key for it, real
// files through an unmodified client, rotation, and the end of the old key.
type mainJob struct {
	server  *server
	debian  awsCLI // both aws-clis share one home, and so their profiles
	current awsCLI
	source  string      // the tree that is stored
	keys    []accessKey // of the bucket, oldest first
}

const jobBucket = "main-job"

// TestMainJob walks the main job from end to end on real input. Its steps build
// on each other: the first that fails ends it.
func TestMainJob(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	j := &mainJob{server: s, debian: newAWSCLI(t, s, "debian"), source: goSource(t)}
	j.current = j.debian
	if hasCurrent() {
		j.current.path = venv("aws")
	}
	for _, step := range []struct {
		name string
		run  func(*mainJob, *testing.T)
	}{
		{"BKT-02 create a bucket", (*mainJob).createBucket},
		{"KEY-03 KEY-07 create two keys, the third refused", (*mainJob).createKeys},
		{"CLI-01 configure a profile", (*mainJob).configureProfile},
		{"KEY-16 sync up, through a crash", (*mainJob).syncUp},
		{"OBJ-24 sync back", (*mainJob).syncBack},
		{"OBJ-06 OBJ-12 a large file and ranges of it", (*mainJob).largeFile},
		{"OBJ-10 OBJ-11 list with prefixes and delimiters", (*mainJob).list},
		{"KEY-05 KEY-10 last used, and no secret", (*mainJob).lastUsed},
		{"KEY-18 KEY-19 KEY-20 the key reaches nothing else", (*mainJob).refusals},
		{"KEY-14 KEY-15 rotate under traffic", (*mainJob).rotate},
	} {
		run := func(t *testing.T) { step.run(j, t) }
		if !t.Run(step.name, run) {
			t.FailNow()
		}
	}
}

func (j *mainJob) createBucket(t *testing.T) {
	root := j.debian
	for _, c := range []string{
		"aws_access_key_id " + j.server.root.id, "aws_secret_access_key " + j.server.root.secret,
		"region " + region, "output json",
	} {
		root.run(t, append(strings.Fields("configure set --profile root"), strings.Fields(c)...)...)
	}
	var out struct{ Bucket bucketAnswer }
	root.answer(t, &out, "--profile root lightsail create-bucket --bucket-name "+jobBucket+" --bundle-id medium_1_0")
	if out.Bucket.Name != jobBucket || out.Bucket.State.Code != "OK" {
		t.Errorf("create-bucket: %+v", out.Bucket)
	}
}

func (j *mainJob) createKeys(t *testing.T) {
	for range 2 {
		var out struct {
			AccessKey  keyAnswer
			Operations []operationAnswer
		}
		j.debian.answer(t, &out, "--profile root lightsail create-bucket-access-key --bucket-name "+jobBucket)
		k := out.AccessKey
		j.server.remember(k.SecretAccessKey)
		if !regexp.MustCompile(`^AKIA[A-Z0-9]{16}$`).MatchString(k.AccessKeyID) || !regexp.MustCompile(`^\S{40}$`).MatchString(k.SecretAccessKey) {
			t.Errorf("KEY-08: id %q and a secret of %d characters", k.AccessKeyID, len(k.SecretAccessKey))
		}
		if k.Status != "Active" || k.LastUsed != nil {
			t.Errorf("KEY-09: status %q, last used %v in the answer to the creation", k.Status, k.LastUsed)
		}
		if len(out.Operations) != 1 || out.Operations[0].OperationType != "CreateBucketAccessKey" {
			t.Errorf("KEY-24: operations %+v", out.Operations)
		}
		j.keys = append(j.keys, accessKey{k.AccessKeyID, k.SecretAccessKey})
	}
	j.debian.refused(t, "InvalidInputException", "CreateBucketAccessKey",
		"--profile root lightsail create-bucket-access-key --bucket-name "+jobBucket)
	for _, k := range j.current.profile("root").keys(t, jobBucket) {
		if k.LastUsed == nil || k.LastUsed.Region != "N/A" || k.LastUsed.ServiceName != "N/A" || k.LastUsed.LastUsedDate != nil {
			t.Errorf("KEY-09: last use of an unused key: %+v", k.LastUsed)
		}
	}
}

// configureProfile answers the four questions of aws configure, as its first
// source document tells to do.
func (j *mainJob) configureProfile(t *testing.T) {
	k := j.keys[0]
	r := j.debian.try(t, strings.Join([]string{k.id, k.secret, region, "json", ""}, "\n"), "configure", "--profile", "bucket")
	if r.code != 0 {
		t.Fatalf("aws configure: exit status %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for name, want := range map[string]string{"aws_access_key_id": k.id, "aws_secret_access_key": k.secret, "region": region, "output": "json"} {
		if got := strings.TrimSpace(j.debian.run(t, "configure", "get", "--profile", "bucket", name)); got != want {
			t.Errorf("aws configure get %s is not what was typed", name)
		}
	}
	j.debian.run(t, "configure", "set", "--profile", "bucket", "s3.max_concurrent_requests", "20")
}

// syncBack fetches the tree by the other aws-cli and compares it.
func (j *mainJob) syncBack(t *testing.T) {
	back := t.TempDir()
	j.current.do(t, "--profile", "bucket", "s3", "sync", "--only-show-errors", "s3://"+jobBucket+"/src/", back)
	wantSameTree(t, back, j.source)
}

func (j *mainJob) largeFile(t *testing.T) {
	const size = 200_000_000
	dir := t.TempDir()
	file, back := filepath.Join(dir, "large"), filepath.Join(dir, "back")
	randomFile(t, file, size)
	j.debian.do(t, "--profile", "bucket", "s3", "cp", "--only-show-errors", file, "s3://"+jobBucket+"/large.bin")
	var head struct {
		ContentLength int64
		ETag          string
	}
	j.debian.answer(t, &head, "--profile bucket s3api head-object --bucket "+jobBucket+" --key large.bin")
	if head.ContentLength != size || !strings.HasSuffix(head.ETag, `-24"`) {
		t.Errorf("head-object: %+v, want %d bytes in 24 parts of 8 MiB", head, size)
	}
	j.current.do(t, "--profile", "bucket", "s3", "cp", "--only-show-errors", "s3://"+jobBucket+"/large.bin", back)
	wantSameFile(t, back, file)

	const part = 8 << 20
	for _, r := range []struct {
		header      string
		first, last int64
	}{
		{"bytes=0-0", 0, 0},
		{"bytes=1048576-3145727", 1 << 20, 3<<20 - 1},
		{"bytes=8388600-8388615", part - 8, part + 7},
		{"bytes=8388600-25165832", part - 8, 3*part + 8},
		{"bytes=-1000", size - 1000, size - 1},
		{"bytes=199999990-", size - 10, size - 1},
		{"bytes=199999990-300000000", size - 10, size - 1},
	} {
		j.current.do(t, "--profile", "bucket", "s3api", "get-object", "--bucket", jobBucket, "--key", "large.bin", "--range", r.header, back)
		want := readRange(t, file, r.first, r.last)
		if got, err := os.ReadFile(back); err != nil || string(got) != want {
			t.Errorf("get-object --range %s: %d bytes, error %v; want the %d bytes of the file", r.header, len(got), err, len(want))
		}
	}
	j.current.refused(t, "InvalidRange", "GetObject",
		"--profile bucket s3api get-object --bucket "+jobBucket+" --key large.bin --range bytes=200000000- "+back)
}

func readRange(t testing.TB, path string, first, last int64) string {
	t.Helper()
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	buf := make([]byte, last-first+1)
	_, err = f.ReadAt(buf, first)
	check(t, err)
	return string(buf)
}

func (j *mainJob) lastUsed(t *testing.T) {
	root := j.current.profile("root")
	raw := root.line(t, "lightsail get-bucket-access-keys --bucket-name "+jobBucket)
	for _, k := range j.keys {
		if strings.Contains(raw, k.secret) || strings.Contains(raw, "secretAccessKey") {
			t.Error("KEY-05: get-bucket-access-keys shows a secret")
		}
	}
	keys := root.keys(t, jobBucket)
	if len(keys) != 2 {
		t.Fatalf("KEY-06: %d keys, want 2", len(keys))
	}
	for _, k := range keys {
		u := k.LastUsed
		switch {
		case k.Status != "Active" || u == nil:
			t.Errorf("KEY-21: key %+v", k)
		case k.AccessKeyID == j.keys[0].id && (u.ServiceName != "s3" || u.Region != region || u.LastUsedDate == nil):
			t.Errorf("KEY-10: last use of the key in use: %+v", u)
		case k.AccessKeyID == j.keys[1].id && (u.ServiceName != "N/A" || u.Region != "N/A" || u.LastUsedDate != nil):
			t.Errorf("KEY-09: last use of the other key: %+v", u)
		}
	}
}

func (j *mainJob) refusals(t *testing.T) {
	j.server.newBucket(t, "other-bucket")
	key := j.current.profile("bucket")
	for _, c := range []struct{ code, operation, command string }{
		{"AccessDenied", "ListObjectsV2", "s3 ls s3://other-bucket"},
		{"AccessDenied", "GetObject", "s3api get-object --bucket other-bucket --key k out"},
		{"AccessDenied", "PutObject", "s3api put-object --bucket other-bucket --key k"},
		{"AccessDenied", "CopyObject", "s3api copy-object --bucket " + jobBucket + " --key k --copy-source other-bucket/k"},
		{"AccessDeniedException", "GetBuckets", "lightsail get-buckets"},
		{"AccessDeniedException", "GetBucketAccessKeys", "lightsail get-bucket-access-keys --bucket-name " + jobBucket},
		{"AccessDeniedException", "CreateBucketAccessKey", "lightsail create-bucket-access-key --bucket-name other-bucket"},
		{"AccessDeniedException", "DeleteBucket", "lightsail delete-bucket --bucket-name " + jobBucket + " --force-delete"},
		{"AccessDenied", "CreateBucket", "s3api create-bucket --bucket brand-new"},
		{"AccessDenied", "DeleteBucket", "s3api delete-bucket --bucket " + jobBucket},
		{"AccessDenied", "PutBucketVersioning", "s3api put-bucket-versioning --bucket " + jobBucket + " --versioning-configuration Status=Enabled"},
		{"AccessDenied", "PutBucketPolicy", "s3api put-bucket-policy --bucket " + jobBucket + " --policy {}"},
		{"AccessDenied", "PutBucketAcl", "s3api put-bucket-acl --bucket " + jobBucket + " --acl public-read"},
	} {
		key.refused(t, c.code, c.operation, c.command)
	}
	cors := `{"CORSRules":[{"AllowedMethods":["GET"],"AllowedOrigins":["*"]}]}`
	got := key.fails(t, key.at([]string{"s3api", "put-bucket-cors", "--bucket", jobBucket, "--cors-configuration", cors})...)
	wantText(t, "put-bucket-cors", got, "(AccessDenied)")
	if got := strings.Fields(key.line(t, "s3 ls")); len(got) != 3 || got[2] != jobBucket {
		t.Errorf("s3 ls with the key of %s: %q, want this bucket alone", jobBucket, got)
	}
}

// profile returns the CLI under one of its profiles.
func (a awsCLI) profile(name string) awsCLI {
	a.program = a.with("AWS_PROFILE=" + name)
	return a
}
