package meta

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
)

var update = flag.Bool("update", false, "add fixtures of records that have none")

// fixtureFile holds a record of every kind as release 1 wrote it. Every later
// release must read them, so lines are added and never changed.
const fixtureFile = "testdata/records-v1.txt"

type fixture struct {
	name string // the kind of record, then what is special about it
	raw  []byte
}

func readFixtures(t testing.TB) (all []fixture) {
	t.Helper()
	text, err := os.ReadFile(fixtureFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, digits, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" {
			continue
		}
		raw, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatalf("%s: %s: %v", fixtureFile, name, err)
		}
		all = append(all, fixture{name, raw})
	}
	return all
}

// sample is the noun that a fixture must read as.
type sample struct {
	name string
	noun any
}

func samples() []sample {
	at := time.Date(2026, 11, 20, 12, 30, 15, 123456789, time.UTC)
	id := func(n byte) (id ID) {
		for i := range id {
			id[i] = n + byte(i)
		}
		return id
	}
	header := keyhaven.ObjectHeader{
		ContentType: "text/plain", CacheControl: "max-age=60", ContentDisposition: "inline",
		ContentEncoding: "gzip", ContentLanguage: "en", Expires: "Thu, 01 Dec 1994 16:00:00 GMT",
	}
	pairs := []keyhaven.MetadataPair{{Name: "colour", Value: "blue"}, {Name: "empty"}}
	md5 := [16]byte(id(0x40))
	crc := keyhaven.Checksum{Algorithm: keyhaven.ChecksumCRC64NVME, Value: []byte{1, 2, 3, 4, 5, 6, 7, 8}}
	composite := keyhaven.Checksum{Algorithm: keyhaven.ChecksumSHA256, Type: keyhaven.Composite, Value: make([]byte, 32), Parts: 2}
	inline := Data{Inline: id(0x10), InlineCRC: 0xdeadbeef}
	ref := Data{Blob: blob.Ref(id(0x20))}

	object := keyhaven.Object{
		Key: "photos/ö\x00.jpg", Latest: true, ModTime: at, Size: 12, ETag: keyhaven.ETag{MD5: md5}, Checksum: crc,
		Version: keyhaven.VersionID{Seq: 1 << 60, Rand: 42}, Header: header, Metadata: pairs,
		ACL: keyhaven.ACLPublicRead, Owner: "111122223333",
	}
	null := keyhaven.Object{Key: "empty", Latest: true, ModTime: at, Version: keyhaven.VersionID{Seq: 7, Rand: 8, Null: true}, Owner: "111122223333"}
	multipart := object
	multipart.ETag.Parts, multipart.Checksum, multipart.Size = 2, composite, 5<<30
	marker := keyhaven.Object{Key: "gone", Latest: true, DeleteMarker: true, ModTime: at, Version: keyhaven.VersionID{Seq: 9, Rand: 10, Null: true}, Owner: "111122223333"}
	tagged := object
	tagged.Tags = []keyhaven.Tag{{Key: "team", Value: "web", HasValue: true}, {Key: "blank", HasValue: true}}
	parts := []PartRecord{
		{Part: keyhaven.Part{Number: 1, Size: 5 << 20, ETag: keyhaven.ETag{MD5: md5}, ModTime: at, Checksum: crc}, Data: ref},
		{Part: keyhaven.Part{Number: 10000, Size: 12, ETag: keyhaven.ETag{MD5: md5}, ModTime: at}, Data: inline},
	}
	return []sample{
		{"bucket", &keyhaven.Bucket{
			ID: keyhaven.BucketID(id(1)), Name: "photos", Account: "111122223333", Region: "us-east-2", CreatedAt: at, ViaLightsail: true,
			BundleID: "small_1_0", BundleChangedAt: at.Add(time.Hour), Versioning: keyhaven.VersioningSuspended,
			AccessRules: keyhaven.AccessRules{GetObjectPublic: true, AllowPublicOverrides: true},
			Tags:        []keyhaven.Tag{{Key: "team", Value: "web", HasValue: true}, {Key: "only"}, {Key: "blank", HasValue: true}},
		}},
		{"bucket-plain", &keyhaven.Bucket{ID: keyhaven.BucketID(id(1)), Name: "plain", Account: "111122223333", Region: "us-east-1", CreatedAt: at, BundleID: "small_1_0", Versioning: keyhaven.NeverEnabled}},
		{"access-key-bucket", &KeyRecord{AccessKey: keyhaven.AccessKey{
			ID: "AKIAIOSFODNN7EXAMPLE", Status: keyhaven.KeyActive, CreatedAt: at, Owner: keyhaven.OwnerBucket,
			Account: "111122223333", BucketID: keyhaven.BucketID(id(1)), BucketName: "photos",
		}, Sealed: []byte("sealed secret")}},
		{"access-key-root", &KeyRecord{AccessKey: keyhaven.AccessKey{
			ID: "keyhaven_admin_key", Status: keyhaven.KeyInactive, CreatedAt: at, Owner: keyhaven.OwnerRoot, Account: "111122223333",
		}, Sealed: []byte("sealed secret"), FromEnvironment: true}},
		{"access-key-user", &KeyRecord{AccessKey: keyhaven.AccessKey{
			ID: "AKIAIOSFODNN7EXAMPLE", Status: keyhaven.KeyActive, CreatedAt: at, Owner: keyhaven.OwnerUser,
			Account: "111122223333", UserID: "AIDAIOSFODNN7EXAMPLE2",
		}, Sealed: []byte("sealed secret")}},
		{"last-used", keyhaven.LastUsed{Time: at, Region: "us-east-2", Service: "s3"}},
		{"version-inline", &Version{Object: object, Data: inline}},
		{"version-blob", &Version{Object: object, Data: ref}},
		{"version-multipart", &Version{Object: multipart, Data: Data{Manifest: id(0x30)}}},
		{"version-null-empty", &Version{Object: null}},
		{"version-delete-marker", &Version{Object: marker}},
		{"upload", &Upload{Ref: id(0x50), Bucket: keyhaven.BucketID(id(1)), Upload: keyhaven.Upload{
			ID: id(0x50).String(), Key: "films/\x00a", Initiated: at, Expires: at.Add(24 * time.Hour),
			ChecksumAlgorithm: keyhaven.ChecksumCRC32C, ChecksumType: keyhaven.Composite,
			Header: header, Metadata: pairs, ACL: keyhaven.ACLPublicRead, Owner: "111122223333",
		}}},
		{"version-tags", &Version{Object: tagged, Data: ref}},
		{"upload-tags", &Upload{Ref: id(0x50), Bucket: keyhaven.BucketID(id(1)), Upload: keyhaven.Upload{
			ID: id(0x50).String(), Key: "films/a", Initiated: at, Owner: "111122223333", Tags: tagged.Tags,
		}}},
		{"part-blob", parts[0]},
		{"part-inline", parts[1]},
		{"manifest", parts},
		{"completed", Completed{
			Bucket: keyhaven.BucketID(id(1)), Key: "films/a", Request: []byte("digest"), Version: keyhaven.VersionID{Seq: 3, Rand: 4, Null: true},
			ETag: keyhaven.ETag{MD5: md5, Parts: 2}, Checksum: composite, Expires: at,
		}},
		{"outbox-blob", Work{Kind: FreeBlob, Blob: blob.Ref(id(0x20))}},
		{"outbox-manifest", Work{Kind: FreeManifest, ID: id(0x30)}},
		{"outbox-upload", Work{Kind: FreeUpload, ID: id(0x50)}},
		{"outbox-bucket", Work{Kind: PurgeBucket, Bucket: keyhaven.BucketID(id(1))}},
		{"operation", &keyhaven.Operation{
			Account: "111122223333", Region: "us-east-2", ResourceName: "photos", ResourceType: "Bucket",
			Type: "CreateBucket", Details: "other", CreatedAt: at,
		}},
		{"event", &Event{ID: id(0x70), Webhook: "audit", At: at, Body: []byte(`{"Records":[]}`)}},
		{"log-batch", &LogBatch{
			ID: id(0x60), Source: "photos", Account: "111122223333", Region: "us-east-2", Day: 20777, Lines: []byte("a line\n"),
			Logging: keyhaven.Logging{Target: "logs", Prefix: "photos/", Partitioned: true, EventTime: true},
		}},
		{"installation", Installation{ID: "0f1e2d3c-0000-4000-8000-000000000001", Account: "111122223333", KeyRing: "fingerprint"}},
		{"account", keyhaven.Account{ID: "111122223333", CanonicalID: strings.Repeat("ab", 32), CreatedAt: at}},
		{"account-closed", keyhaven.Account{
			ID: "111122223333", CanonicalID: strings.Repeat("ab", 32), CreatedAt: at, Name: "second", ClosedAt: at.Add(time.Hour), Alias: "acme",
			Login: &keyhaven.Login{Hash: "hash", CreatedAt: at, Since: at.Add(time.Minute)}, LoginUsed: at.Add(time.Second),
		}},
		{"account-invited", keyhaven.Account{
			ID: "111122223333", CanonicalID: strings.Repeat("ab", 32), CreatedAt: at, Name: "second",
			Invitation: &keyhaven.Invitation{Digest: []byte("digest"), ExpiresAt: at.Add(24 * time.Hour)},
		}},
	}
}

// recordOf returns the kind of record that a sample's name begins with.
func recordOf(t testing.TB, name string) record {
	t.Helper()
	for _, rec := range records {
		if name == rec.name || strings.HasPrefix(name, rec.name+"-") {
			return rec
		}
	}
	t.Fatalf("%s begins with no kind of record", name)
	return record{}
}

func TestFixtures(t *testing.T) {
	if *update {
		addFixtures(t)
	}
	raw := map[string][]byte{}
	for _, f := range readFixtures(t) {
		raw[f.name] = f.raw
	}
	kinds := map[byte]bool{}
	for _, s := range samples() {
		rec := recordOf(t, s.name)
		kinds[rec.kind] = true
		t.Run(s.name, func(t *testing.T) {
			store := newRecordStore(t, rec, s.noun)
			if raw[s.name] == nil {
				t.Fatalf("%s has no line %s; -update adds it", fixtureFile, s.name)
			}
			got, err := store.read(t, raw[s.name])
			if err != nil {
				t.Fatalf("reading what release 1 wrote: %v", err)
			}
			if d := cmp.Diff(s.noun, got, equal); d != "" {
				t.Errorf("what release 1 wrote reads differently (-want +got):\n%s", d)
			}
		})
		delete(raw, s.name)
	}
	for name := range raw {
		t.Errorf("%s: the line %s has no sample any more; what was released is kept for ever", fixtureFile, name)
	}
	for _, rec := range records {
		if !kinds[rec.kind] {
			t.Errorf("no fixture of the kind %s", rec.name)
		}
	}
}

// addFixtures writes the samples that have no line yet.
func addFixtures(t *testing.T) {
	have := map[string]bool{}
	if _, err := os.Stat(fixtureFile); err == nil {
		for _, f := range readFixtures(t) {
			have[f.name] = true
		}
	}
	if err := os.MkdirAll("testdata", 0o777); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(fixtureFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if len(have) == 0 {
		fmt.Fprint(file, "# Records as release 1 wrote them: name, then the value in hex. Lines are added\n# and never changed: every later release reads them.\n")
	}
	for _, s := range samples() {
		if !have[s.name] {
			fmt.Fprintf(file, "%s %x\n", s.name, newRecordStore(t, recordOf(t, s.name), s.noun).raw(t))
		}
	}
}
