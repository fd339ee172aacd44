//go:build e2e

package clients

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestKEY22Rclone gives rclone a bucket's key, as its configuration asks for it.
func TestKEY22Rclone(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	key := s.newBucket(t, "rclone")
	rclone := installed(t, "rclone").with(
		"RCLONE_CONFIG_HAVEN_TYPE=s3", "RCLONE_CONFIG_HAVEN_PROVIDER=Other", "RCLONE_CONFIG_HAVEN_ENDPOINT="+s.endpoint,
		"RCLONE_CONFIG_HAVEN_ACCESS_KEY_ID="+key.id, "RCLONE_CONFIG_HAVEN_SECRET_ACCESS_KEY="+key.secret,
		"RCLONE_CONFIG_HAVEN_REGION="+region, "RCLONE_LOW_LEVEL_RETRIES=1", "RCLONE_RETRIES=1",
		"RCLONE_S3_UPLOAD_CUTOFF=6M", "RCLONE_S3_CHUNK_SIZE=5M",
	)
	tree, back := smallTree(t, 12<<20), t.TempDir()
	rclone.run(t, "copy", tree, "haven:rclone/copy")
	rclone.run(t, "check", "--download", tree, "haven:rclone/copy")
	rclone.run(t, "sync", "haven:rclone/copy", back)
	wantSameTree(t, back, tree)

	if got := strings.Count(rclone.run(t, "ls", "haven:rclone/copy"), "\n"); got != len(files(t, tree)) {
		t.Errorf("rclone ls shows %d files, want %d", got, len(files(t, tree)))
	}
	wantText(t, "rclone mkdir of another bucket", rclone.fails(t, "mkdir", "haven:of-somebody-else"), "AccessDenied")

	rclone.run(t, "move", "haven:rclone/copy", "haven:rclone/moved")
	wantText(t, "rclone lsf", rclone.run(t, "lsf", "haven:rclone"), "moved/\n")
	rclone.run(t, "check", "--download", tree, "haven:rclone/moved")
	if got := rclone.run(t, "size", "--json", "haven:rclone/copy"); !strings.Contains(got, `"count":0`) {
		t.Errorf("rclone size of what was moved away: %s", got)
	}
	rclone.run(t, "delete", "haven:rclone/moved")
	if got := rclone.run(t, "ls", "haven:rclone"); got != "" {
		t.Errorf("after rclone delete there is still:\n%s", got)
	}
}

// TestKEY22S3cmd gives s3cmd a bucket's key.
func TestKEY22S3cmd(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	key := s.newBucket(t, "s3cmd")
	p := installed(t, "s3cmd")
	scheme, host, _ := strings.Cut(s.endpoint, "://")
	p.write(t, "s3cfg", fmt.Sprintf("[default]\naccess_key = %s\nsecret_key = %s\nhost_base = %s\nhost_bucket = %s\n"+
		"use_https = %[5]t\nsignurl_use_https = %[5]t\nsignature_v2 = False\nbucket_location = %s\nmultipart_chunk_size_mb = 5\n", key.id, key.secret, host, host, scheme == "https", region))
	s3cmd := func(args ...string) string {
		return p.run(t, append([]string{"-c", filepath.Join(p.dir, "s3cfg"), "--no-progress"}, args...)...)
	}
	tree, back := smallTree(t, 12<<20), t.TempDir()
	large := filepath.Join(tree, "large.bin")
	s3cmd("put", large, "s3://s3cmd/large.bin")
	s3cmd("get", "s3://s3cmd/large.bin", filepath.Join(back, "large.bin"))
	wantSameFile(t, filepath.Join(back, "large.bin"), large)
	wantText(t, "s3cmd ls", s3cmd("ls", "s3://s3cmd"), "s3://s3cmd/large.bin")
	wantText(t, "s3cmd info", s3cmd("info", "s3://s3cmd/large.bin"), "File size: 12582912")

	// s3cmd signs URLs by version 2 alone: the answer says what to use instead.
	url := strings.TrimSpace(s3cmd("signurl", "s3://s3cmd/large.bin", "+60"))
	if status, body := fetch(t, s.httpClient(), url, nil); status != http.StatusBadRequest || !strings.Contains(body, "Please use AWS4-HMAC-SHA256.") {
		t.Errorf("a URL that is signed by version 2: status %d, %s", status, body)
	}
	s3cmd("del", "s3://s3cmd/large.bin")

	s3cmd("sync", tree+"/", "s3://s3cmd/tree/")
	synced := t.TempDir()
	s3cmd("sync", "s3://s3cmd/tree/", synced+"/")
	wantSameTree(t, synced, tree)
	s3cmd("del", "--recursive", "--force", "s3://s3cmd/tree/")
	if got := s3cmd("ls", "--recursive", "s3://s3cmd"); got != "" {
		t.Errorf("after s3cmd del there is still:\n%s", got)
	}
}

// TestKEY22Restic gives restic a bucket's key, and restores what it backed up.
func TestKEY22Restic(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	key := s.newBucket(t, "backups")
	restic := installed(t, "restic").with("RESTIC_REPOSITORY=s3:"+s.endpoint+"/backups/laptop", "RESTIC_PASSWORD=correct horse",
		"AWS_ACCESS_KEY_ID="+key.id, "AWS_SECRET_ACCESS_KEY="+key.secret, "AWS_DEFAULT_REGION="+region)
	tree, back := smallTree(t, 30<<20), t.TempDir()
	restic.run(t, "init")
	restic.run(t, "backup", tree)
	restic.run(t, "check", "--read-data")
	restic.run(t, "restore", "latest", "--target", back)
	wantSameTree(t, filepath.Join(back, tree), tree)
	restic.run(t, "forget", "--prune", "--keep-last", "1")
	wantText(t, "restic snapshots", restic.run(t, "snapshots"), "1 snapshots")
}
