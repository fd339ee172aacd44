package bucket_test

import (
	"context"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	account = keyhaven.AccountID("111122223333")
	other   = keyhaven.AccountID("444455556666")
	region  = "us-east-2"
)

// rig is the service over a store that runs each transaction twice (kv K3).
type rig struct {
	*bucket.Service
	t    testing.TB
	ctx  context.Context
	meta *meta.Store
}

func newRig(t testing.TB) *rig {
	m := meta.New(memkv.NewRerunning())
	return &rig{Service: bucket.New(m, bucket.Options{}), t: t, ctx: context.Background(), meta: m}
}

// lightsail and viaS3 are the two ways to make a bucket.
func lightsail(name string) bucket.CreateInput {
	return bucket.CreateInput{Account: account, Region: region, Name: name, BundleID: "small_1_0", ViaLightsail: true}
}

func viaS3(name string) bucket.CreateInput {
	return bucket.CreateInput{Account: account, Region: region, Name: name}
}

func (r *rig) must(what string, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

func (r *rig) create(in bucket.CreateInput) *keyhaven.Bucket {
	r.t.Helper()
	b, _, err := r.Create(r.ctx, in)
	r.must("create "+in.Name, err)
	return b
}

func (r *rig) get(name string) *keyhaven.Bucket {
	r.t.Helper()
	b, err := r.Get(r.ctx, name)
	r.must("get "+name, err)
	return b
}

// operations returns the types of the operations on a bucket, newest first.
func (r *rig) operations(name string) (types []string) {
	r.t.Helper()
	ops, _, err := r.OperationsForResource(r.ctx, account, region, name, "")
	if err != nil && keyhaven.KindOf(err) != keyhaven.NotFound {
		r.t.Fatalf("operations of %s: %v", name, err)
	}
	for _, op := range ops {
		types = append(types, op.Type)
	}
	return types
}

// putObject stores an empty object, or a delete marker.
func (r *rig) putObject(b *keyhaven.Bucket, marker bool) {
	r.t.Helper()
	v := &meta.Version{Object: keyhaven.Object{Key: "k", DeleteMarker: marker, Version: keyhaven.VersionID{Seq: 1}}}
	r.must("put object", r.meta.Update(r.ctx, func(tx *meta.Txn) error { return tx.PutVersion(b.ID, nil, v) }))
}

func (r *rig) putKey(b *keyhaven.Bucket, id string) {
	r.t.Helper()
	k := &meta.KeyRecord{AccessKey: keyhaven.AccessKey{ID: id, Owner: keyhaven.OwnerBucket, BucketID: b.ID, BucketName: b.Name, Account: account}}
	r.must("put key", r.meta.Update(r.ctx, func(tx *meta.Txn) error { return tx.PutAccessKey(k) }))
}

func wantError(t testing.TB, what string, err error, k keyhaven.Kind, n keyhaven.Noun) {
	t.Helper()
	if !keyhaven.Is(err, k, n) {
		t.Errorf("%s = %v, want %v %v", what, err, n, k)
	}
}

// putInstance makes a running machine.
func (r *rig) putInstance(name string) {
	r.t.Helper()
	i := &keyhaven.Instance{Entity: keyhaven.Entity{ID: "i-" + name, Account: account, Name: name}, Region: region, State: keyhaven.InstanceRunning}
	r.must("put instance", r.meta.Update(r.ctx, func(tx *meta.Txn) error { return tx.PutEntity(i) }))
}
