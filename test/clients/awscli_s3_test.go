//go:build e2e

package clients

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// TestOBJ17_OBJ24HighLevelCommands runs aws s3 with the defaults of both aws-clis. The
// current one sends checksums in headers over HTTP and in trailers over HTTPS.
func TestOBJ17_OBJ24HighLevelCommands(t *testing.T) {
	t.Parallel()
	type row struct {
		name, cli string
		start     func(testing.TB, ...string) *server
	}
	rows := []row{{"debian-http", "debian", startServer}, {"debian-https", "debian", startTLSServer}}
	if hasCurrent() {
		rows = append(rows, row{"current-http", "current", startServer}, row{"current-https", "current", startTLSServer})
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			s := c.start(t)
			aws := newAWSCLI(t, s, c.cli)
			// aws-cli v1 presigns by version 2 in the oldest Regions unless it is told not to.
			aws.run(t, "configure", "set", "default.s3.signature_version", "s3v4")
			highLevelCommands(t, aws.as(s.newBucket(t, "high-level")), "high-level")
		})
	}
}

func highLevelCommands(t *testing.T, aws awsCLI, bucket string) {
	tree, back := smallTree(t, 20<<20), t.TempDir()
	do := func(args ...string) string { return aws.do(t, append([]string{"s3"}, args...)...) }
	url := "s3://" + bucket + "/"

	do("sync", "--only-show-errors", tree, url+"tree/")
	if again := do("sync", "--no-progress", tree, url+"tree/"); again != "" {
		t.Errorf("a second sync of the same tree did something:\n%s", again)
	}
	do("sync", "--only-show-errors", url+"tree/", back)
	wantSameTree(t, back, tree)

	got := do("ls", "--recursive", "--summarize", url+"tree/")
	wantText(t, "s3 ls --recursive", got, "tree/ünï/日本語.txt", "tree/a b/with space & more.txt", "tree/plus+sign=100%.txt",
		fmt.Sprintf("Total Objects: %d", len(files(t, tree))))
	wantText(t, "s3 ls", do("ls", url+"tree/a"), "PRE a/", "PRE a b/")

	do("cp", "--only-show-errors", url+"tree/large.bin", url+"copy.bin") // UploadPartCopy
	do("mv", "--only-show-errors", url+"copy.bin", filepath.Join(back, "moved"))
	wantSameFile(t, filepath.Join(back, "moved"), filepath.Join(tree, "large.bin"))
	if got := aws.try(t, "", aws.at([]string{"s3", "ls", url + "copy.bin"})...); got.code == 0 {
		t.Errorf("OBJ-16: the moved object is still there: %s", got.stdout)
	}
	aws.try(t, "from a pipe", aws.at([]string{"s3", "cp", "-", url + "piped", "--content-type", "text/x-pipe"})...)
	if got := do("cp", url+"piped", "-"); got != "from a pipe" {
		t.Errorf("s3 cp to and from a pipe: %q", got)
	}

	signed := strings.TrimSpace(do("presign", url+"piped", "--expires-in", "60"))
	if status, body := fetch(t, aws.server.httpClient(), signed, nil); status != http.StatusOK || body != "from a pipe" {
		t.Errorf("the presigned URL: status %d, body %q", status, body)
	}

	do("rm", "--only-show-errors", url+"piped")
	do("rm", "--only-show-errors", "--recursive", url+"tree/")
	if got := aws.try(t, "", aws.at([]string{"s3", "ls", "--recursive", url})...); got.stdout != "" {
		t.Errorf("after s3 rm there is still:\n%s", got.stdout)
	}
}

// TestS3APIVerbs runs the commands of aws s3api one by one.
func TestS3APIVerbs(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	eachAWSCLI(t, s, func(t *testing.T, aws awsCLI) {
		bucket := "verbs-s3-" + aws.name
		aws = aws.as(s.newBucket(t, bucket))
		objectVerbs(t, aws, bucket)
		multipartVerbs(t, aws, bucket)
	})
}

// objectVerbs covers OBJ-01, OBJ-12, OBJ-14, OBJ-18, OBJ-19, OBJ-22 and OBJ-26.
func objectVerbs(t *testing.T, aws awsCLI, bucket string) {
	api := func(out any, command string) { aws.answer(t, out, "s3api "+command+" --bucket "+bucket) }
	var etag struct{ ETag string }
	body := aws.write(t, "body", "first")
	api(&etag, "put-object --key a/k --body "+body+" --content-type text/x-test --cache-control no-store --metadata colour=blue --acl bucket-owner-full-control")
	if want := `"8b04d5e3775d298e78455efc5ca404d5"`; etag.ETag != want {
		t.Errorf("put-object: ETag %s, want %s, the MD5 of the body", etag.ETag, want)
	}
	var head struct {
		ContentLength             int64
		ContentType, CacheControl string
		ETag                      string
		Metadata                  map[string]string
	}
	api(&head, "head-object --key a/k")
	if head.ContentLength != 5 || head.ContentType != "text/x-test" || head.CacheControl != "no-store" || head.Metadata["colour"] != "blue" || head.ETag != etag.ETag {
		t.Errorf("head-object: %+v", head)
	}
	aws.write(t, "body", "second")
	api(&etag, "put-object --key a/k --body "+body)
	out := filepath.Join(aws.dir, "out")
	api(&head, "get-object --key a/k "+out)
	if got, err := os.ReadFile(out); err != nil || string(got) != "second" {
		t.Errorf("OBJ-26: get-object after an overwrite: %q, error %v", got, err)
	}
	var copied struct{ CopyObjectResult struct{ ETag string } }
	api(&copied, "copy-object --key b/copy --copy-source "+bucket+"/a/k --acl bucket-owner-full-control")
	if copied.CopyObjectResult.ETag != etag.ETag {
		t.Errorf("copy-object: ETag %q, want %q", copied.CopyObjectResult.ETag, etag.ETag)
	}
	var versions struct {
		Versions []struct {
			Key, VersionID string
			IsLatest       bool
		}
	}
	api(&versions, "list-object-versions --prefix a/")
	if v := versions.Versions; len(v) != 1 || v[0].Key != "a/k" || v[0].VersionID != "null" || !v[0].IsLatest {
		t.Errorf("list-object-versions: %+v", v)
	}
	var listed struct {
		Contents       []struct{ Key string }
		CommonPrefixes []struct{ Prefix string }
	}
	api(&listed, "list-objects --delimiter /")
	if p := listed.CommonPrefixes; len(p) != 2 || p[0].Prefix != "a/" || p[1].Prefix != "b/" || len(listed.Contents) != 0 {
		t.Errorf("list-objects: %+v", listed)
	}
	aws.write(t, "delete.json", `{"Objects": [{"Key": "a/k"}, {"Key": "b/copy"}, {"Key": "never/there"}]}`)
	var deleted struct{ Deleted []struct{ Key string } }
	api(&deleted, "delete-objects --delete file://"+filepath.Join(aws.dir, "delete.json"))
	if len(deleted.Deleted) != 3 {
		t.Errorf("delete-objects: %+v, want three", deleted)
	}
	aws.line(t, "s3api delete-object --key a/k --bucket "+bucket)
	aws.refused(t, "404", "HeadObject", "s3api head-object --key b/copy --bucket "+bucket)
}

// multipartVerbs covers OBJ-06 and OBJ-07.
func multipartVerbs(t *testing.T, aws awsCLI, bucket string) {
	api := func(out any, command string) { aws.answer(t, out, "s3api "+command+" --bucket "+bucket) }
	var upload struct{ UploadID, Bucket, Key string }
	api(&upload, "create-multipart-upload --key m --content-type video/x")
	one, two := filepath.Join(aws.dir, "one"), filepath.Join(aws.dir, "two")
	randomFile(t, one, 5<<20)
	randomFile(t, two, 1000)
	type part struct {
		ETag       string
		PartNumber int
		Size       int64 `json:",omitempty"`
	}
	var sent []part
	for i, path := range []string{one, two} {
		p := part{PartNumber: i + 1}
		api(&p, fmt.Sprintf("upload-part --key m --upload-id %s --part-number %d --body %s", upload.UploadID, i+1, path))
		sent = append(sent, p)
	}
	var uploads struct {
		Uploads []struct{ UploadID, Key string }
	}
	api(&uploads, "list-multipart-uploads")
	if u := uploads.Uploads; len(u) != 1 || u[0].Key != "m" || u[0].UploadID != upload.UploadID {
		t.Errorf("list-multipart-uploads: %+v", u)
	}
	var listed struct{ Parts []part }
	api(&listed, "list-parts --key m --upload-id "+upload.UploadID)
	want := []part{{sent[0].ETag, 1, 5 << 20}, {sent[1].ETag, 2, 1000}}
	if diff := cmp.Diff(want, listed.Parts); diff != "" {
		t.Errorf("list-parts (-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(map[string]any{"Parts": sent})
	check(t, err)
	aws.write(t, "parts.json", string(raw))
	var done struct{ ETag, Key string }
	api(&done, "complete-multipart-upload --key m --upload-id "+upload.UploadID+" --multipart-upload file://"+filepath.Join(aws.dir, "parts.json"))
	if done.Key != "m" || !strings.HasSuffix(done.ETag, `-2"`) {
		t.Errorf("complete-multipart-upload: %+v", done)
	}
	got := filepath.Join(aws.dir, "got")
	aws.line(t, "s3api get-object --key m --part-number 2 --bucket "+bucket+" "+got)
	wantSameFile(t, got, two)

	api(&upload, "create-multipart-upload --key gone")
	aws.line(t, "s3api abort-multipart-upload --key gone --upload-id "+upload.UploadID+" --bucket "+bucket)
	aws.refused(t, "NoSuchUpload", "ListParts", "s3api list-parts --key gone --upload-id "+upload.UploadID+" --bucket "+bucket)
}

// oddKeys are keys that break clients and servers which decode, clean or escape
// once too often or too seldom.
var oddKeys = []string{
	"plain", "a//b", "/leading", "trailing/", "dot/./x", "dot/../x", "..", ".", "a b", "a+b", "100%", "%41", "%2F", "a&b=c?d#e",
	`quote"s'`, "<xml>&amp;</xml>", "ünï/日本語", "emoji-🦀", "tab\tand\nnewline", "carriage\rreturn", "semi;colon,comma", "~tilde*star!(x)",
	`back\slash`, strings.Repeat("k", 1024),
}

// TestOBJ25OddKeys stores and lists keys that need escaping.
func TestOBJ25OddKeys(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	bucket := "odd-keys"
	aws, client := newAWSCLI(t, s, "current").as(s.newBucket(t, bucket)), s.s3(s.root)
	for _, key := range oddKeys {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: &key, Body: strings.NewReader("this is " + key),
		})
		if err != nil {
			t.Errorf("PutObject(%q): %v", key, err)
		}
	}
	var keys []string
	raw := aws.line(t, "s3api list-objects-v2 --bucket "+bucket+" --page-size 5 --query Contents[].Key --output json")
	check(t, json.Unmarshal([]byte(raw), &keys))
	if diff := cmp.Diff(slices.Sorted(slices.Values(oddKeys)), keys); diff != "" {
		t.Errorf("list-objects-v2 (-want +got):\n%s", diff)
	}
	for _, key := range oddKeys {
		if got := string(get(t, client, bucket, key)); got != "this is "+key {
			t.Errorf("GetObject(%q) = %q", key, got)
		}
	}
	aws.do(t, "s3", "rm", "--recursive", "--only-show-errors", "s3://"+bucket)
	left := strings.TrimSpace(aws.line(t, "s3api list-objects-v2 --bucket "+bucket+" --query Contents[].Key --output json"))
	if left != "null" && left != "[]" && left != "" {
		t.Errorf("after s3 rm --recursive there is still %s", left)
	}
}
