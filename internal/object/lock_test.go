package object_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/object"
)

// lockBucket makes the bucket "vault" with object lock.
func (r *rig) lockBucket(conf keyhaven.LockConfig) {
	r.t.Helper()
	_, _, err := r.buckets.Create(r.ctx, bucket.CreateInput{Account: account, Region: "us-east-2", Name: "vault", ObjectLock: true})
	r.must("create bucket", err)
	r.must("set object lock", r.buckets.SetObjectLock(r.ctx, r.bucket("vault"), conf))
}

func (r *rig) deleteVersion(o *keyhaven.Object, bypass bool) error {
	_, err := r.objects.Delete(r.ctx, r.bucket("vault"), object.DeleteTarget{Key: o.Key, Version: &o.Version, Bypass: bypass})
	return err
}

func (r *rig) there(o *keyhaven.Object) {
	r.t.Helper()
	if _, err := r.objects.Head(r.ctx, r.bucket("vault"), o.Key, &o.Version); err != nil {
		r.t.Errorf("version %v of %s: %v, want it kept", o.Version, o.Key, err)
	}
}

func governance(d time.Duration) keyhaven.Retention {
	return keyhaven.Retention{Mode: keyhaven.LockGovernance, Until: time.Now().Add(d)}
}

func compliance(d time.Duration) keyhaven.Retention {
	return keyhaven.Retention{Mode: keyhaven.LockCompliance, Until: time.Now().Add(d)}
}

// TestR10_LockHoldsOnEveryDeletePath: by id, among a thousand, over a null
// version, by a marker of a suspended bucket, with the whole bucket.
func TestR10_LockHoldsOnEveryDeletePath(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		r := newRig(t, open(t))
		r.lockBucket(keyhaven.LockConfig{})
		in := putOf(r.bucket("vault"), "k", content(10, 1))
		in.Attributes.Lock = keyhaven.ObjectLock{Retention: compliance(time.Hour)}
		o, err := r.objects.Put(r.ctx, in)
		r.must("put", err)
		for _, bypass := range []bool{false, true} {
			wantError(t, "delete by id", r.deleteVersion(o, bypass), keyhaven.Denied, keyhaven.NounObjectLock)
		}
		free := r.put("vault", "free", content(10, 2))
		out, err := r.objects.DeleteMany(r.ctx, r.bucket("vault"), []object.DeleteTarget{
			{Key: "free", Version: &free.Version}, {Key: "k", Version: &o.Version, Bypass: true}, {Key: "k"},
		})
		r.must("delete many", err)
		if out[0].Err != nil || !out[2].DeleteMarker {
			t.Errorf("DeleteMany() = %+v, want the others done", out)
		}
		wantError(t, "delete among others", out[1].Err, keyhaven.Denied, keyhaven.NounObjectLock)
		_, err = r.buckets.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: "vault", Force: true})
		wantError(t, "delete the bucket", err, keyhaven.Conflict, keyhaven.NounObjectLock)
		v := keyhaven.VersioningSuspended
		_, _, err = r.buckets.Update(r.ctx, bucket.UpdateInput{Account: account, Name: "vault", Versioning: &v})
		wantError(t, "suspend versioning", err, keyhaven.Conflict, keyhaven.NounObjectLock)
		r.there(o)
	})
}

// TestR10_LockedNullVersion: what was there before versioning can be locked
// too, and then nothing overwrites it, even were the bucket suspended.
func TestR10_LockedNullVersion(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		r := newRig(t, open(t))
		o := r.put("photos", "k", content(10, 1))
		r.setVersioning("photos", keyhaven.VersioningEnabled)
		r.must("set object lock", r.buckets.SetObjectLock(r.ctx, r.bucket("photos"), keyhaven.LockConfig{}))
		_, err := r.objects.SetLegalHold(r.ctx, object.GetInput{Bucket: r.bucket("photos"), Key: "k"}, keyhaven.HoldOn)
		r.must("hold", err)
		r.must("suspend", r.buckets.Configure(r.ctx, r.bucket("photos"), func(b *keyhaven.Bucket) error {
			b.Versioning = keyhaven.VersioningSuspended
			return nil
		}))
		_, err = r.objects.Put(r.ctx, putOf(r.bucket("photos"), "k", content(10, 2)))
		wantError(t, "overwrite", err, keyhaven.Denied, keyhaven.NounObjectLock)
		_, err = r.objects.Delete(r.ctx, r.bucket("photos"), object.DeleteTarget{Key: "k"})
		wantError(t, "mark", err, keyhaven.Denied, keyhaven.NounObjectLock)
		if _, data, err := r.get(object.GetInput{Bucket: r.bucket("photos"), Key: "k", Version: &o.Version}); err != nil || string(data) != string(content(10, 1)) {
			t.Errorf("the locked version = %q %v", data, err)
		}
	})
}

// TestR10_UnreadableLockFailsClosed: a document that is damaged or gone stops
// writes, and damaged records stop deletes; nothing is ever taken for unlocked.
func TestR10_UnreadableLockFailsClosed(t *testing.T) {
	onEngines(t, func(t *testing.T, open func(fatal) kv.Store) {
		for what, damage := range map[string]func(tx kv.Txn, k []byte) error{
			"damaged": func(tx kv.Txn, k []byte) error { return tx.Set(k, []byte{1, '{'}) },
			"gone":    func(tx kv.Txn, k []byte) error { return tx.Delete(k) },
		} {
			r := newRig(t, open(t))
			r.lockBucket(keyhaven.LockConfig{Mode: keyhaven.LockGovernance, Days: 1})
			o := r.put("vault", "k", content(10, 1))
			id := r.bucket("vault").ID
			r.must("damage", r.engine.Update(r.ctx, func(tx kv.Txn) error {
				return damage(tx, append(append([]byte{'C'}, id[:]...), byte(keyhaven.ConfigObjectLock)))
			}))
			if _, err := r.objects.Put(r.ctx, putOf(r.bucket("vault"), "new", content(10, 2))); err == nil {
				t.Errorf("%s: a version was stored without its retention", what)
			}
			wantError(t, what+": delete", r.deleteVersion(o, false), keyhaven.Denied, keyhaven.NounObjectLock)
			r.must("damage the record", r.engine.Update(r.ctx, func(tx kv.Txn) error {
				return tx.Set(append(append([]byte{'o'}, id[:]...), "k"...), []byte{1, 0xff})
			}))
			if err := r.deleteVersion(o, true); err == nil {
				t.Errorf("%s: a version whose lock cannot be read was deleted", what)
			}
			if _, err := r.buckets.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: "vault", Force: true}); err == nil {
				t.Errorf("%s: a bucket whose locks cannot be read was deleted", what)
			}
		}
	})
}

// TestLockDefaults: the bucket's default retention is on what comes in by PUT,
// copy and Complete; one's own goes before it, and markers have none.
func TestLockDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.New())
		r.lockBucket(keyhaven.LockConfig{Mode: keyhaven.LockGovernance, Days: 2})
		want := keyhaven.Retention{Mode: keyhaven.LockGovernance, Until: time.Now().UTC().AddDate(0, 0, 2)}
		put := r.put("vault", "put", content(10, 1))
		copied, err := r.objects.Copy(r.ctx, object.CopyInput{
			Source: object.GetInput{Bucket: r.bucket("vault"), Key: "put"}, Bucket: r.bucket("vault"), Key: "copy",
		})
		r.must("copy", err)
		u := r.upload(object.CreateUploadInput{Bucket: r.bucket("vault"), Key: "parts"})
		u.part(1, content(10, 1), object.Integrity{})
		done, err := r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: u.list, Size: -1})
		r.must("complete", err)
		for _, o := range []*keyhaven.Object{put, &copied.Object, done} {
			if o.Lock.Retention != want {
				t.Errorf("retention of %s = %+v, want %+v", o.Key, o.Lock.Retention, want)
			}
		}
		own := compliance(time.Hour)
		u = r.upload(object.CreateUploadInput{
			Bucket: r.bucket("vault"), Key: "parts", Attributes: object.Attributes{Lock: keyhaven.ObjectLock{Retention: own, Hold: keyhaven.HoldOn}},
		})
		u.part(1, content(10, 1), object.Integrity{})
		done, err = r.objects.Complete(r.ctx, object.CompleteInput{UploadTarget: u.UploadTarget, Parts: u.list, Size: -1})
		r.must("complete", err)
		if !done.Lock.Retention.Until.Equal(own.Until) || done.Lock.Retention.Mode != own.Mode || done.Lock.Hold != keyhaven.HoldOn {
			t.Errorf("lock of a Complete = %+v, want its upload's", done.Lock)
		}
		time.Sleep(48*time.Hour - 1)
		wantError(t, "delete a moment before", r.deleteVersion(put, false), keyhaven.Denied, keyhaven.NounObjectLock)
		time.Sleep(time.Nanosecond)
		r.must("delete when it has ended", r.deleteVersion(put, false))
		_, err = r.buckets.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: "vault", Force: true})
		wantError(t, "delete the bucket", err, keyhaven.Conflict, keyhaven.NounObjectLock) // the legal hold
		_, err = r.objects.SetLegalHold(r.ctx, object.GetInput{Bucket: r.bucket("vault"), Key: "parts"}, keyhaven.HoldOff)
		r.must("lift the hold", err)
		_, err = r.buckets.Delete(r.ctx, bucket.DeleteInput{Account: account, Name: "vault", Force: true})
		r.must("delete the bucket", err)
	})
}

// lockModel is what the lock of one version must be.
type lockModel struct {
	o         *keyhaven.Object
	retention keyhaven.Retention
	hold      bool
	gone      bool
}

func (m *lockModel) retained() bool {
	return m.retention.Mode != 0 && time.Now().Before(m.retention.Until)
}

// checkInTime is rapid.Check with a clock of its own for each run. What rapid
// says by a panic is carried out of the bubble.
func checkInTime(t *testing.T, prop func(*rapid.T)) {
	rapid.Check(t, func(rt *rapid.T) {
		var said any
		synctest.Test(t, func(*testing.T) {
			defer func() { said = recover() }()
			prop(rt)
		})
		if said != nil {
			panic(said)
		}
	})
}

// TestR10_LockModel compares the service with a model while time passes.
func TestR10_LockModel(t *testing.T) {
	checkInTime(t, func(t *rapid.T) {
		r := newRig(t, memkv.New())
		r.lockBucket(keyhaven.LockConfig{})
		var all []*lockModel
		duration := rapid.Map(rapid.IntRange(1, 5), func(n int) time.Duration { return time.Duration(n) * time.Hour })
		mode := rapid.SampledFrom([]keyhaven.LockMode{keyhaven.LockGovernance, keyhaven.LockCompliance})
		pick := func(t *rapid.T) *lockModel {
			if len(all) == 0 {
				t.Skip("no version")
			}
			return all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				m := &lockModel{}
				in := putOf(r.bucket("vault"), fmt.Sprint(rapid.IntRange(0, 1).Draw(t, "key")), content(4, 1))
				if rapid.Bool().Draw(t, "retained") {
					m.retention = keyhaven.Retention{Mode: mode.Draw(t, "mode"), Until: time.Now().Add(duration.Draw(t, "for"))}
					in.Attributes.Lock.Retention = m.retention
				}
				o, err := r.objects.Put(r.ctx, in)
				r.must("put", err)
				m.o = o
				all = append(all, m)
			},
			"retain": func(t *rapid.T) {
				m, bypass := pick(t), rapid.Bool().Draw(t, "bypass")
				want := keyhaven.Retention{}
				if rapid.Bool().Draw(t, "any") {
					want = keyhaven.Retention{Mode: mode.Draw(t, "mode"), Until: time.Now().Add(duration.Draw(t, "for"))}
				}
				_, err := r.objects.SetRetention(r.ctx, object.RetentionInput{Bucket: r.bucket("vault"), Key: m.o.Key, Version: &m.o.Version, Retention: want, Bypass: bypass})
				may := !m.retained() || want.Mode == m.retention.Mode && !want.Until.Before(m.retention.Until) ||
					bypass && m.retention.Mode == keyhaven.LockGovernance
				switch {
				case m.gone:
					wantError(t, "retain", err, keyhaven.NotFound, keyhaven.NounVersion)
				case !may:
					wantError(t, "retain", err, keyhaven.Denied, keyhaven.NounObjectLock)
				case err != nil:
					t.Fatalf("retain: %v", err)
				default:
					m.retention = want
				}
			},
			"hold": func(t *rapid.T) {
				m := pick(t)
				m.hold = rapid.Bool().Draw(t, "on")
				hold := keyhaven.HoldOff
				if m.hold {
					hold = keyhaven.HoldOn
				}
				_, err := r.objects.SetLegalHold(r.ctx, object.GetInput{Bucket: r.bucket("vault"), Key: m.o.Key, Version: &m.o.Version}, hold)
				if m.gone {
					wantError(t, "hold", err, keyhaven.NotFound, keyhaven.NounVersion)
					return
				}
				r.must("hold", err)
			},
			"delete": func(t *rapid.T) {
				m, bypass := pick(t), rapid.Bool().Draw(t, "bypass")
				err := r.deleteVersion(m.o, bypass)
				held := m.hold || m.retained() && (m.retention.Mode == keyhaven.LockCompliance || !bypass)
				if !m.gone && held {
					wantError(t, "delete", err, keyhaven.Denied, keyhaven.NounObjectLock)
					return
				}
				r.must("delete", err)
				m.gone = true
			},
			"mark": func(t *rapid.T) {
				_, err := r.objects.Delete(r.ctx, r.bucket("vault"), object.DeleteTarget{Key: pick(t).o.Key})
				r.must("mark", err)
			},
			"wait": func(t *rapid.T) { time.Sleep(duration.Draw(t, "wait")) },
			"": func(t *rapid.T) {
				for _, m := range all {
					if m.gone {
						continue
					}
					o, err := r.objects.Head(r.ctx, r.bucket("vault"), m.o.Key, &m.o.Version)
					r.must("head", err)
					if o.Lock.Retention.Mode != m.retention.Mode || !o.Lock.Retention.Until.Equal(m.retention.Until) || (o.Lock.Hold == keyhaven.HoldOn) != m.hold {
						t.Fatalf("lock = %+v, want %+v hold %v", o.Lock, m.retention, m.hold)
					}
				}
			},
		})
	})
}
