package crash

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rotRig is a server with objects of every form.
type rotRig struct {
	*server
	t      *testing.T
	client *client
	sums   map[string]string // MD5 of each object
}

func newRotRig(t *testing.T) *rotRig {
	t.Helper()
	r := &rotRig{t: t, server: newServer(t, filepath.Join(t.TempDir(), "data")), sums: map[string]string{}}
	r.start()
	r.must(r.client.createBucket(plainBucket, false))
	for i := range 60 {
		r.put(fmt.Sprintf("inline/%02d", i), 1<<10+i*700)
	}
	for i := range 300 { // so that the metadata has many blocks
		r.put(fmt.Sprintf("tiny/%03d", i), 100)
	}
	for i := range 12 {
		r.put(fmt.Sprintf("blob/%02d", i), 200<<10+i*40_000)
	}
	id, err := r.client.createUpload(plainBucket, "parts")
	r.must(err)
	var list []part
	var all []byte
	for i, n := range []int{minPart, 1000} {
		body := bodyOf(fmt.Sprintf("part %d", i), n)
		tag, err := r.client.putPart(plainBucket, "parts", id, i+1, body)
		r.must(err)
		list = append(list, part{number: i + 1, etag: tag})
		all = append(all, body...)
	}
	r.must(r.client.complete(plainBucket, "parts", id, list))
	r.sums["parts"] = sumOf(all)
	return r
}

func (r *rotRig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rotRig) start() {
	r.t.Helper()
	r.server.start()
	r.client = newClient(r.endpoint)
}

func (r *rotRig) put(key string, n int) {
	r.t.Helper()
	body := bodyOf(key, n)
	r.must(r.client.put(plainBucket, key, body, false))
	r.sums[key] = sumOf(body)
}

// files returns the files below a part of the data directory with one of these
// suffixes.
func (r *rotRig) files(dir string, suffixes ...string) (names []string) {
	r.t.Helper()
	r.must(filepath.WalkDir(filepath.Join(r.data, dir), func(path string, d fs.DirEntry, err error) error {
		ends := func(s string) bool { return strings.HasSuffix(path, s) }
		if err == nil && d.Type().IsRegular() && slices.ContainsFunc(suffixes, ends) {
			names = append(names, path)
		}
		return err
	}))
	return names
}

// flipBit turns one bit of a file over.
func flipBit(t testing.TB, path string, random *rand.Rand) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) == 0 {
		return
	}
	raw[random.IntN(len(raw))] ^= 1 << random.IntN(8)
	// In place, so that a server that has it open sees it.
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// read reads all objects and returns those that could not be read. Bytes that
// were not written are a failure, and so is an object that is said not to be
// there, but for the newest ones in a damaged log of a server that was killed:
// they cannot be told from what the crash cut off.
func (r *rotRig) read(when string) (failed []string) {
	r.t.Helper()
	cutOff := 0
	for _, key := range slices.Sorted(maps.Keys(r.sums)) {
		body, err := r.client.get(plainBucket, key, "")
		switch {
		case errors.Is(err, errAbsent) && strings.HasSuffix(when, ".log") && strings.HasPrefix(key, inLog):
			cutOff++
		case errors.Is(err, errAbsent):
			r.t.Errorf("R4: %s: %s is said not to be there", when, key)
		case cutOff > 0 && strings.HasPrefix(key, inLog):
			r.t.Errorf("R4: %s: %s is there, and older ones are not", when, key)
		case err != nil:
			failed = append(failed, key)
		case sumOf(body) != r.sums[key]:
			r.t.Errorf("R4: %s: GET of %s returned other bytes than were written", when, key)
		}
	}
	return failed
}

// scrub returns the keys of the objects that scrub reports.
func (r *rotRig) scrub() (keys []string, out string) {
	r.t.Helper()
	out, status := r.command("scrub", "--data", r.data, "--rate", "0")
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, "object "+plainBucket+"/"); ok {
			key, _, _ := strings.Cut(rest, " version ")
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if (len(keys) > 0) != (status == 1) && !strings.Contains(out, "problems found") {
		r.t.Errorf("R4: scrub ended with %d:\n%s", status, out)
	}
	return slices.Compact(keys), out
}

// heal overwrites and deletes what is damaged, by turns.
func (r *rotRig) heal(keys []string) {
	r.t.Helper()
	for i, key := range keys {
		if i%2 == 0 {
			r.put(key, 5000)
			continue
		}
		if err := r.client.remove(plainBucket, key, ""); err != nil {
			r.t.Errorf("R4: DELETE of the damaged object %s = %v", key, err)
		}
		delete(r.sums, key)
	}
}

// TestR4_FlippedBitsInBlobs damages blobs under a running server. No GET returns
// a wrong byte, scrub names the objects while the server runs, and they can be
// overwritten and deleted.
func TestR4_FlippedBitsInBlobs(t *testing.T) {
	t.Parallel()
	r := newRotRig(t)
	if keys, out := r.scrub(); len(keys) > 0 {
		t.Fatalf("scrub of sound objects:\n%s", out)
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), 4))
	blobs := slices.DeleteFunc(r.files("blobs", ""), func(p string) bool { return len(filepath.Base(p)) != 32 })
	if len(blobs) != 13 {
		t.Fatalf("%d blobs, want 13", len(blobs))
	}
	for i, path := range blobs {
		if i%2 == 0 {
			flipBit(t, path, random)
		}
	}
	failed := r.read("after bits of blobs were flipped")
	keys, out := r.scrub()
	if len(failed) != 7 || !slices.Equal(keys, failed) {
		t.Errorf("R4: seven blobs were damaged; GET failed for %q, scrub found %q:\n%s", failed, keys, out)
	}
	r.heal(failed)
	if failed := r.read("after damaged objects were replaced"); len(failed) > 0 {
		t.Errorf("R4: after damaged objects were replaced, GET fails for %q", failed)
	}
	if keys, out := r.scrub(); len(keys) > 0 {
		t.Errorf("R4: scrub after damaged objects were replaced:\n%s", out)
	}
	r.stop()
	if keys, out := r.scrub(); len(keys) > 0 || !strings.Contains(out, "scrubbed") {
		t.Errorf("R4: scrub of a stopped server:\n%s", out)
	}
	r.fsck()
}

// inLog begins the keys of the objects that are in the log alone.
const inLog = "in the log/"

// TestR4_FlippedBitsInMetadata damages one file of the metadata at a time, while
// the server is stopped. It refuses to start, or no GET returns a wrong byte or
// says that an object is not there, and scrub or fsck finds the damage.
func TestR4_FlippedBitsInMetadata(t *testing.T) {
	t.Parallel()
	r := newRotRig(t)
	r.stop()
	r.start() // what is in the log now goes into tables
	for i := range 30 {
		r.put(fmt.Sprintf(inLog+"%02d", i), 2000)
	}
	r.kill() // a stop leaves nothing in the log
	random := rand.New(rand.NewPCG(rand.Uint64(), 5))
	for trial := range rotTrials {
		kinds := []string{".blob", ".sst", ".log"}
		paths := r.files("meta", kinds[trial%len(kinds)])
		if len(paths) == 0 {
			t.Fatalf("no %s in the directory of the metadata", kinds[trial%len(kinds)])
		}
		c := r.copied(trial)
		path := filepath.Join(c.data, strings.TrimPrefix(paths[random.IntN(len(paths))], r.data))
		flipBit(t, path, random)
		c.trial(filepath.Base(path))
	}
}

// copied is the same server on a copy of the directory.
func (r *rotRig) copied(trial int) *rotRig {
	r.t.Helper()
	dir := filepath.Join(r.t.TempDir(), fmt.Sprint(trial))
	r.must(os.RemoveAll(filepath.Join(r.data, "control.sock"))) // CopyFS takes no sockets
	r.must(os.CopyFS(dir, os.DirFS(r.data)))
	r.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			err = os.Chmod(path, 0o600) // CopyFS widens it, and a key ring must be private
		}
		return err
	}))
	return &rotRig{t: r.t, server: newServer(r.t, dir), sums: maps.Clone(r.sums)}
}

func (r *rotRig) trial(name string) {
	r.t.Helper()
	out, status := r.command("fsck", "--data", r.data, "--deep")
	if err := r.tryStart(); err != nil {
		log := r.tail(4 << 10)
		if status == 0 || !strings.Contains(log, "keyhaven: ") || strings.Contains(log+out, "panic") {
			r.t.Errorf("R4: %s: the server does not start and does not say why; fsck:\n%s\nlog:\n%s", name, out, log)
		}
		r.t.Logf("%s: fsck %d, the server refuses to start: %s", name, status, strings.ReplaceAll(log[strings.LastIndex(log, "keyhaven: "):], "\n", " "))
		return
	}
	r.client = newClient(r.endpoint)
	failed := r.read(name)
	keys, scrubbed := r.scrub()
	r.t.Logf("%s: fsck %d, GET fails for %d objects, scrub names %d", name, status, len(failed), len(keys))
	if len(failed) > 0 && (status == 0 || !strings.Contains(scrubbed, "problems found")) {
		r.t.Errorf("R4: %s: GET fails for %q; fsck:\n%s\nscrub:\n%s", name, failed, out, scrubbed)
	}
	if strings.HasSuffix(name, ".blob") {
		r.heal(failed)
		if failed := r.read(name + ", after damaged objects were replaced"); len(failed) > 0 {
			r.t.Errorf("R4: %s: after damaged objects were replaced, GET fails for %q", name, failed)
		}
	}
	r.stop()
}

// bodyOf returns the bytes of a key, which do not compress.
func bodyOf(key string, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8(sha256.Sum256([]byte(key))).Read(b)
	return b
}
