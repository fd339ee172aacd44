package backup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// TestR13_BackupAndRestore takes an installation through what its operator may
// live to see: backups while it serves, to a directory and to another server,
// its loss, and its return in every way there is.
func TestR13_BackupAndRestore(t *testing.T) {
	h := &house{t: t, bin: program(t), dir: t.TempDir()}
	other := h.serve("other", accessKey{})
	_, err := other.s3(other.root).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("backups")})
	check(t, err)
	bucketURL, env := other.target("backups")

	s := h.serve("data", accessKey{})
	bucketKey := fill(t, s)
	before := inventory(t, s)
	wantBackup(t, h, nil, "target")
	beforeChange := newestID(h, nil, "target")
	change(t, s)
	backUpWhileWriting(t, h, s, env, bucketURL)
	after := inventory(t, s)
	wantBackup(t, h, nil, "target")
	wantBackup(t, h, env, bucketURL, "--with-key-ring")
	for what, log := range map[string]string{"the server's": s.output(), "the other server's": other.output()} {
		if strings.Contains(log, other.root.secret) || strings.Contains(log, s.root.secret) {
			t.Errorf("%s log holds a secret access key", what)
		}
	}
	s.stop()
	wantBackup(t, h, nil, "target") // offline
	ring := h.path("data/keyring.json")

	restored := func(want []string, env []string, args ...string) {
		t.Helper()
		data := fmt.Sprintf("restored-%d", len(glob(t, h.path("restored-*"))))
		h.run(env, append([]string{"restore", "--data", data}, args...)...)
		h.run(nil, "fsck", "--deep", "--data", data)
		r := h.serve(data, s.root)
		defer r.stop()
		if d := cmp.Diff(want, inventory(t, r)); d != "" {
			t.Errorf("restore %v (-want +got):\n%s", args, d)
		}
		wantAlive(t, r, bucketKey)
	}
	restored(after, nil, "--from", "target", "--key-ring", ring)
	restored(before, nil, "--from", "target", "--key-ring", ring, "--id", beforeChange)
	restored(after, env, "--from", bucketURL)
	h.run(env, "backup", "verify", "--from", bucketURL)
	h.run(env, "backup", "prune", "--from", bucketURL, "--keep", "1")
	restored(after, env, "--from", bucketURL)

	h.run(nil, "backup", "prune", "--from", "target", "--keep", "1")
	restoreWithoutKeys(t, h, s, after)
	restoreInTwoTries(t, h, s, ring, after)
	h.refused("is not the key ring", "restore", "--from", "target", "--data", "wrong", "--key-ring", h.path("other/keyring.json"))
	h.refused("the key ring is not in the target", "restore", "--from", "target", "--data", "none")
	h.refused("needs an empty one", "restore", "--from", "target", "--data", "data", "--key-ring", ring)
	h.refused("in use", "restore", "--from", "target", "--data", "other", "--key-ring", ring)
	other.stop()
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	check(t, err)
	return names
}

// wantBackup makes a backup, which must then be the newest of one more.
func wantBackup(t *testing.T, h *house, env []string, to string, args ...string) {
	t.Helper()
	out, _ := h.run(env, append([]string{"backup", "--data", "data", "--to", to}, args...)...)
	if id := newestID(h, env, to); !strings.HasPrefix(out, "backup "+id+":") {
		t.Errorf("backup --to %s prints %q, and the newest backup is %s", to, out, id)
	}
}

// newestID returns the id in the last line of the list.
func newestID(h *house, env []string, from string) string {
	h.t.Helper()
	list, _ := h.run(env, "backup", "list", "--from", from)
	lines := strings.Split(strings.TrimSpace(list), "\n")
	return strings.Fields(lines[len(lines)-1])[0]
}

// backUpWhileWriting makes backups of a server that is written to. Each must be
// sound, and restored below it must show every object whole.
func backUpWhileWriting(t *testing.T, h *house, s *server, env []string, to string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			c := s.s3(s.root)
			for i := 0; ctx.Err() == nil; i++ {
				put(t, c, "plain", fmt.Sprintf("busy/%d/%d", w, i%5), body(byte(i), []int{500, 150_000}[i%2]))
			}
		})
	}
	for range 3 {
		wantBackup(t, h, env, to)
	}
	stop()
	writers.Wait()
	h.run(env, "backup", "verify", "--from", to)
	h.run(env, "restore", "--from", to, "--data", "busy", "--without-keys")
	h.run(nil, "fsck", "--deep", "--data", "busy")
}

// wantAlive uses what was restored: the bucket's key, the unfinished upload, and
// writes.
func wantAlive(t *testing.T, r *server, bucketKey accessKey) {
	t.Helper()
	c := r.s3(bucketKey)
	uploads, err := c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("plain")})
	check(t, err)
	if len(uploads.Uploads) != 1 {
		t.Fatalf("%d uploads are unfinished, want 1", len(uploads.Uploads))
	}
	complete(t, c, *uploads.Uploads[0].UploadId, "unfinished")
	put(t, c, "plain", "after the restore", body(5, 500_000))
}

func restoreWithoutKeys(t *testing.T, h *house, s *server, want []string) {
	t.Helper()
	h.run(nil, "restore", "--from", "target", "--data", "keyless", "--without-keys")
	r := h.serve("keyless", accessKey{}) // it must tell a new key
	if r.root.id == s.root.id {
		t.Error("the root has its old key")
	}
	if _, err := r.s3(s.root).ListBuckets(t.Context(), &s3.ListBucketsInput{}); err == nil {
		t.Error("the root's old key is accepted")
	}
	var rest []string
	for _, line := range want {
		if !strings.HasPrefix(line, "key of ") {
			rest = append(rest, line)
		}
	}
	if d := cmp.Diff(rest, inventory(t, r)); d != "" {
		t.Errorf("restored without keys (-want +got):\n%s", d)
	}
	r.stop()
	again := h.serve("keyless", r.root)
	inventory(t, again)
	again.stop()

	// A key that the operator made by hand is the root's first as well.
	h.run(nil, "restore", "--from", "target", "--data", "by-hand", "--without-keys")
	out, _ := h.run(nil, "root", "create-access-key", "--data", "by-hand")
	words := strings.Fields(out)
	made := accessKey{words[3], words[len(words)-1]}
	byHand := h.serve("by-hand", made)
	inventory(t, byHand)
	byHand.stop()
	keys, _ := h.run(nil, "root", "list-access-keys", "--data", "by-hand")
	if n := strings.Count(keys, "\n") - 1; n != 1 || !strings.Contains(keys, made.id) {
		t.Errorf("the root has %d keys, want the one that was made by hand:\n%s", n, keys)
	}
}

// restoreInTwoTries restores from a target in which a blob is missing, and again
// when it is back.
func restoreInTwoTries(t *testing.T, h *house, s *server, ring string, want []string) {
	t.Helper()
	blobs := glob(t, h.path("target/blobs/*/*/*"))
	if len(blobs) == 0 {
		t.Fatal("the target has no blobs")
	}
	away := h.path("away")
	check(t, os.Rename(blobs[len(blobs)-1], away))
	args := []string{"restore", "--from", "target", "--data", "twice", "--key-ring", ring}
	h.refused("it is missing", args...)
	h.refused("it is missing", "backup", "verify", "--from", "target")
	h.refused("has not finished", "serve", "--data", "twice", "--listen", "127.0.0.1:0", "--console-listen=")
	h.refused("has not finished", "fsck", "--data", "twice")
	check(t, os.Rename(away, blobs[len(blobs)-1]))
	h.run(nil, args...)
	r := h.serve("twice", s.root)
	defer r.stop()
	if d := cmp.Diff(want, inventory(t, r)); d != "" {
		t.Errorf("restored in two tries (-want +got):\n%s", d)
	}
}
