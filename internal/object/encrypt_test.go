package object_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/check"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/sse"
)

// sealing is a rig that can encrypt, with one local key named "main".
func sealing(t *testing.T, engine kv.Store) *rig {
	t.Helper()
	dir := t.TempDir()
	ring, err := seal.LoadOrCreate(filepath.Join(dir, "ring.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "main.key"), []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	keys, err := sse.LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, engine)
	r.ring, r.local = ring, keys
	r.wire()
	r.must("account", r.meta.Update(r.ctx, func(tx *meta.Txn) error { return tx.PutAccount(keyhaven.Account{ID: account}) }))
	return r
}

func customer(seed byte) *keyhaven.CustomerKey {
	k := keyhaven.CustomerKey{seed, 1, 2, 3}
	return &k
}

// ways are all ways to encrypt.
var ways = map[string]object.EncryptionRequest{
	"AES256":   {Encryption: keyhaven.Encryption{Mode: keyhaven.SSES3}},
	"aws:kms":  {Encryption: keyhaven.Encryption{Mode: keyhaven.SSEKMS, KeyID: "main"}},
	"customer": {Encryption: keyhaven.Encryption{Mode: keyhaven.SSECustomer}, CustomerKey: customer(7)},
}

const unit = keyhaven.SealUnit - keyhaven.SealTag

// TestR11_RangesOfEncryptedObjects reads ranges beside every boundary: of units,
// of parts, of what is inline, of the object.
func TestR11_RangesOfEncryptedObjects(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			r := sealing(t, memkv.New())
			whole := func(key string, data []byte, ends ...int) {
				t.Helper()
				ends = append(ends, 0, unit, 2*unit, len(data))
				for _, a := range ends {
					for _, b := range ends {
						for _, d := range []int{-1, 0, 1} {
							first, last := a+d, b+d
							if first < 0 || last < first || last >= len(data) {
								continue
							}
							_, got, err := r.get(object.GetInput{
								Bucket: r.bucket("photos"), Key: key, CustomerKey: way.CustomerKey, Range: &object.ByteRange{First: int64(first), Last: int64(last)},
							})
							if err != nil || !bytes.Equal(got, data[first:last+1]) {
								t.Errorf("%s %d-%d: %d bytes, %v", key, first, last, len(got), err)
							}
						}
					}
				}
				if _, got, err := r.get(object.GetInput{Bucket: r.bucket("photos"), Key: key, CustomerKey: way.CustomerKey}); err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s: %d bytes, %v", key, len(got), err)
				}
			}
			for _, size := range []int{0, 1, unit, 2 * unit, meta.MaxInline, meta.MaxInline + 1, 4*unit + 1} {
				in := putOf(r.bucket("photos"), fmt.Sprint(size), content(size, 1))
				in.Attributes.SSE = way
				o, err := r.objects.Put(r.ctx, in)
				r.must("put", err)
				if o.Encryption.Mode != way.Encryption.Mode || o.ETag.String() != md5Hex(content(size, 1)) || o.Size != int64(size) {
					t.Errorf("put = %+v", o)
				}
				whole(o.Key, content(size, 1))
			}
			u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "parts", Attributes: object.Attributes{SSE: way}})
			var data []byte
			sizes := []int{keyhaven.MinPartSize, keyhaven.MinPartSize + 1, 10}
			var list []object.CompletePart
			for i, size := range sizes {
				p, err := r.objects.PutPart(r.ctx, object.PutPartInput{
					UploadTarget: u.UploadTarget, Number: i + 1, Body: bytes.NewReader(content(size, uint64(i))), Size: int64(size), CustomerKey: way.CustomerKey,
				})
				r.must("part", err)
				list = append(list, object.CompletePart{Number: i + 1, ETag: p.ETag.String()})
				data = append(data, content(size, uint64(i))...)
			}
			_, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: list, Size: -1})
			r.must("complete", err)
			whole("parts", data, sizes[0], sizes[0]+sizes[1], sizes[0]+unit)
			for i := range sizes {
				c, got, err := r.get(object.GetInput{Bucket: r.bucket("photos"), Key: "parts", PartNumber: i + 1, CustomerKey: way.CustomerKey})
				if err != nil || !bytes.Equal(got, content(sizes[i], uint64(i))) {
					t.Errorf("part %d: %d bytes, %v, %+v", i+1, len(got), err, c)
				}
			}
		})
	}
}

// TestR12_NoPlaintextAtRest looks for what was encrypted in everything that is
// stored, of small and large objects, parts and copies.
func TestR12_NoPlaintextAtRest(t *testing.T) {
	canary := []byte("CANARY-that-must-not-be-on-disk-")
	body := func(n int) []byte { return bytes.Repeat(canary, n/len(canary)+1)[:n] }
	for name, way := range ways {
		r := sealing(t, memkv.New())
		for _, size := range []int{40, 100_000, 300_000} {
			in := putOf(r.bucket("photos"), fmt.Sprint(size), body(size))
			in.Attributes.SSE = way
			_, err := r.objects.Put(r.ctx, in)
			r.must("put", err)
			_, err = r.objects.Copy(r.ctx, object.CopyInput{
				Source: object.GetInput{Bucket: r.bucket("photos"), Key: in.Key, CustomerKey: way.CustomerKey},
				Bucket: r.bucket("photos"), Key: "copy of " + in.Key, SSE: way,
			})
			r.must("copy", err)
		}
		u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "parts", Attributes: object.Attributes{SSE: way}})
		for i, size := range []int{300_000, 40} {
			_, err := r.objects.PutPart(r.ctx, object.PutPartInput{
				UploadTarget: u.UploadTarget, Number: i + 1, Body: bytes.NewReader(body(size)), Size: int64(size), CustomerKey: way.CustomerKey,
			})
			r.must("part", err)
		}
		if where := r.find(canary); where != "" {
			t.Errorf("%s: the plaintext is in %s", name, where)
		}
		r.put("photos", "plain", body(300_000))
		if r.find(canary) == "" {
			t.Fatal("what is not encrypted is not found: the search is broken")
		}
		if way.CustomerKey != nil && r.find(way.CustomerKey[:]) != "" {
			t.Error("the customer's key is stored")
		}
	}
}

// find looks for bytes in the engine and in the blobs.
func (r *rig) find(canary []byte) (where string) {
	r.t.Helper()
	r.must("dump", r.engine.View(r.ctx, func(x kv.Reader) error {
		it := x.Scan(kv.Span{})
		for it.Next() {
			v, err := it.Value()
			if err != nil {
				return err
			}
			if bytes.Contains(v, canary) {
				where = fmt.Sprintf("a record of kind %c", it.Key()[0])
			}
		}
		return it.Close()
	}))
	for info, err := range r.disk.List(r.ctx) {
		r.must("list", err)
		b, err := r.disk.Open(r.ctx, info.Ref)
		r.must("open", err)
		data := make([]byte, info.Size)
		_, err = b.ReadAt(data, 0)
		r.must("read", err)
		b.Close()
		if bytes.Contains(data, canary) {
			where = "a blob"
		}
	}
	return where
}

// TestEncryptionAcrossCopies: from every way to every way, and none.
func TestEncryptionAcrossCopies(t *testing.T) {
	all := map[string]object.EncryptionRequest{"none": {}}
	for name, way := range ways {
		all[name] = way
	}
	other := object.EncryptionRequest{Encryption: keyhaven.Encryption{Mode: keyhaven.SSECustomer}, CustomerKey: customer(9)}
	all["another customer"] = other
	for _, size := range []int{10, 300_000} {
		r := sealing(t, memkv.New())
		for from, a := range all {
			in := putOf(r.bucket("photos"), "from", content(size, 3))
			in.Attributes.SSE = a
			src, err := r.objects.Put(r.ctx, in)
			r.must("put", err)
			for to, b := range all {
				out, err := r.objects.Copy(r.ctx, object.CopyInput{
					Source: object.GetInput{Bucket: r.bucket("photos"), Key: "from", CustomerKey: a.CustomerKey},
					Bucket: r.bucket("photos"), Key: "to", SSE: b,
				})
				if err != nil {
					t.Fatalf("copy from %s to %s: %v", from, to, err)
				}
				want := b.Encryption.Mode
				if want == keyhaven.SSENone && a.Encryption.Mode != keyhaven.SSECustomer {
					want = a.Encryption.Mode
				}
				c, got, err := r.get(object.GetInput{Bucket: r.bucket("photos"), Key: "to", CustomerKey: b.CustomerKey})
				if err != nil || !bytes.Equal(got, content(size, 3)) || c.Encryption.Mode != want || out.ETag != src.ETag || c.Checksum.IsZero() {
					t.Errorf("from %s to %s: %d bytes, %v, mode %d want %d", from, to, len(got), err, c.Encryption.Mode, want)
				}
			}
		}
		r.fsck()
	}
}

// fsck checks the store and reads every byte of it.
func (r *rig) fsck() {
	r.t.Helper()
	r.swept()
	sum, err := check.Run(r.ctx, r.meta, r.blobs, check.Options{Deep: true, Report: func(f check.Finding) error {
		r.t.Errorf("fsck: %+v", f)
		return nil
	}})
	r.must("fsck", err)
	if sum.Objects == 0 {
		r.t.Errorf("fsck saw nothing: %+v", sum)
	}
}

// TestCustomerKeys: an object that was stored under a key is read with that key
// and not otherwise.
func TestCustomerKeys(t *testing.T) {
	r := sealing(t, memkv.New())
	in := putOf(r.bucket("photos"), "k", content(100, 1))
	in.Attributes.SSE = ways["customer"]
	_, err := r.objects.Put(r.ctx, in)
	r.must("put", err)
	r.put("photos", "plain", content(100, 1))
	for _, head := range []bool{false, true} {
		get := func(key string, k *keyhaven.CustomerKey) error {
			_, err := r.objects.Get(r.ctx, object.GetInput{Bucket: r.bucket("photos"), Key: key, CustomerKey: k, HeadOnly: head})
			return err
		}
		r.must("get", get("k", customer(7)))
		wantError(t, "no key", get("k", nil), keyhaven.Invalid, keyhaven.NounEncryption)
		wantError(t, "another key", get("k", customer(8)), keyhaven.Denied, keyhaven.NounEncryption)
		wantError(t, "a key for nothing", get("plain", customer(7)), keyhaven.Invalid, keyhaven.NounEncryption)
	}
	u := r.upload(object.CreateUploadInput{Bucket: r.bucket("photos"), Key: "u", Attributes: object.Attributes{SSE: ways["customer"]}})
	for what, k := range map[string]*keyhaven.CustomerKey{"no key": nil, "another key": customer(8)} {
		_, err := r.objects.PutPart(r.ctx, object.PutPartInput{UploadTarget: u.UploadTarget, Number: 1, Body: bytes.NewReader(nil), CustomerKey: k})
		wantError(t, what, err, keyhaven.Invalid, keyhaven.NounEncryption)
	}
}

// TestBucketEncryption: the default is for what has no wish of its own, and what
// came in while it was set is refused rather than stored in the clear.
func TestBucketEncryption(t *testing.T) {
	r := sealing(t, memkv.New())
	before := r.bucket("photos")
	set := func(conf *keyhaven.EncryptionConfig) {
		r.must("set", r.buckets.SetConfig(r.ctx, r.bucket("photos"), keyhaven.ConfigEncryption, conf))
	}
	set(&keyhaven.EncryptionConfig{Default: keyhaven.Encryption{Mode: keyhaven.SSEKMS, KeyID: "main"}, BlockSSEC: true})
	if o := r.put("photos", "k", content(10, 1)); o.Encryption.Mode != keyhaven.SSEKMS || o.Encryption.KeyID != "main" {
		t.Errorf("put = %+v", o.Encryption)
	}
	in := putOf(r.bucket("photos"), "k", content(10, 1))
	in.Attributes.SSE = ways["AES256"]
	if o, err := r.objects.Put(r.ctx, in); err != nil || o.Encryption.Mode != keyhaven.SSES3 {
		t.Errorf("put = %+v, %v", o, err)
	}
	in.Attributes.SSE = ways["customer"]
	_, err := r.objects.Put(r.ctx, in)
	wantError(t, "a blocked key", err, keyhaven.Denied, keyhaven.NounEncryption)
	_, err = r.objects.Put(r.ctx, putOf(before, "k", content(10, 1)))
	wantError(t, "put during the change", err, keyhaven.Conflict, keyhaven.NounObject)
	set(&keyhaven.EncryptionConfig{Default: keyhaven.Encryption{Mode: keyhaven.SSEKMS, KeyID: "gone"}})
	_, err = r.objects.Put(r.ctx, putOf(r.bucket("photos"), "k", content(10, 1)))
	wantError(t, "a key that is gone", err, keyhaven.NotFound, keyhaven.NounEncryption)
}

// TestFsckOfConfiguredBuckets: the documents of a bucket, and the run of its
// lifecycle, are known to fsck.
func TestFsckOfConfiguredBuckets(t *testing.T) {
	r := sealing(t, memkv.New())
	r.must("set encryption", r.buckets.SetConfig(r.ctx, r.bucket("photos"), keyhaven.ConfigEncryption, &keyhaven.EncryptionConfig{Default: ways["AES256"].Encryption}))
	r.lifecycle("photos", keyhaven.LifecycleRule{Days: 1})
	r.lockBucket(keyhaven.LockConfig{Mode: keyhaven.LockGovernance, Days: 1})
	r.put("photos", "k", content(10, 1))
	r.put("vault", "k", content(10, 1))
	r.fsck()
}
