package meta

import (
	"math"
	"time"

	"pgregory.net/rapid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
)

// The generators of nouns. What a record cannot hold is not generated: times
// are in UTC between 1970 and 2262, slices are nil rather than empty.

func genID() *rapid.Generator[ID] {
	return rapid.Custom(func(t *rapid.T) ID {
		return idOf(rapid.Uint64Min(1).Draw(t, "seq"), rapid.Uint64().Draw(t, "rand"))
	})
}

func genTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		return time.Unix(0, rapid.Int64Range(1, math.MaxInt64).Draw(t, "nanos")).UTC()
	})
}

func genBytes(most int) *rapid.Generator[[]byte] {
	return rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, most), func(b []byte) []byte {
		if len(b) == 0 {
			return nil
		}
		return b
	})
}

func genMD5() *rapid.Generator[[16]byte] {
	return rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) [16]byte { return [16]byte(b) })
}

func genChecksum() *rapid.Generator[keyhaven.Checksum] {
	return rapid.Custom(func(t *rapid.T) keyhaven.Checksum {
		return keyhaven.Checksum{
			Algorithm: rapid.SampledFrom(keyhaven.ChecksumAlgorithms).Draw(t, "algorithm"),
			Type:      rapid.SampledFrom([]keyhaven.ChecksumType{keyhaven.FullObject, keyhaven.Composite}).Draw(t, "type"),
			Value:     genBytes(32).Draw(t, "sum"),
			Parts:     rapid.IntRange(0, keyhaven.MaxPartNumber).Draw(t, "parts"),
		}
	})
}

func genData() *rapid.Generator[Data] {
	return rapid.Custom(func(t *rapid.T) Data {
		switch rapid.IntRange(0, 3).Draw(t, "place") {
		case 0:
			return Data{Inline: genID().Draw(t, "inline"), InlineCRC: rapid.Uint32().Draw(t, "crc")}
		case 1:
			return Data{Blob: blob.Ref(genID().Draw(t, "blob"))}
		case 2:
			return Data{Manifest: genID().Draw(t, "manifest")}
		}
		return Data{}
	})
}

func genHeader() *rapid.Generator[keyhaven.ObjectHeader] {
	return rapid.Custom(func(t *rapid.T) (h keyhaven.ObjectHeader) {
		for _, s := range headerFields(&h) {
			*s = rapid.StringN(0, 8, 32).Draw(t, "header")
		}
		return h
	})
}

func genMetadata() *rapid.Generator[[]keyhaven.MetadataPair] {
	pair := rapid.Custom(func(t *rapid.T) keyhaven.MetadataPair {
		return keyhaven.MetadataPair{Name: rapid.StringN(0, 5, 20).Draw(t, "name"), Value: rapid.StringN(0, 5, 20).Draw(t, "value")}
	})
	return rapid.Map(rapid.SliceOfN(pair, 0, 3), func(p []keyhaven.MetadataPair) []keyhaven.MetadataPair {
		if len(p) == 0 {
			return nil
		}
		return p
	})
}

func genTags() *rapid.Generator[[]keyhaven.Tag] {
	tag := rapid.Custom(func(t *rapid.T) keyhaven.Tag {
		return keyhaven.Tag{Key: rapid.StringN(0, 5, 20).Draw(t, "key"), Value: rapid.StringN(0, 5, 20).Draw(t, "value"), HasValue: true}
	})
	return rapid.Map(rapid.SliceOfN(tag, 0, 3), func(tags []keyhaven.Tag) []keyhaven.Tag {
		if len(tags) == 0 {
			return nil
		}
		return tags
	})
}

func genLock() *rapid.Generator[keyhaven.ObjectLock] {
	return rapid.Custom(func(t *rapid.T) (l keyhaven.ObjectLock) {
		if rapid.Bool().Draw(t, "retention") {
			l.Retention = keyhaven.Retention{
				Mode:  rapid.SampledFrom([]keyhaven.LockMode{keyhaven.LockGovernance, keyhaven.LockCompliance}).Draw(t, "mode"),
				Until: genTime().Draw(t, "until"),
			}
		}
		l.Hold = rapid.SampledFrom([]keyhaven.LegalHold{keyhaven.HoldUnset, keyhaven.HoldOn, keyhaven.HoldOff}).Draw(t, "hold")
		return l
	})
}

func genEncryption() *rapid.Generator[keyhaven.Encryption] {
	return rapid.Custom(func(t *rapid.T) keyhaven.Encryption {
		return keyhaven.Encryption{
			Mode:  rapid.SampledFrom([]keyhaven.SSE{keyhaven.SSENone, keyhaven.SSES3, keyhaven.SSEKMS, keyhaven.SSECustomer}).Draw(t, "mode"),
			KeyID: rapid.StringN(0, 8, 32).Draw(t, "key id"), BucketKey: rapid.Bool().Draw(t, "bucket key"),
		}
	})
}

func genVersion() *rapid.Generator[*Version] {
	return rapid.Custom(func(t *rapid.T) *Version {
		v := &Version{}
		v.Key = "key"
		v.Latest = true
		v.Version = keyhaven.VersionID{
			Seq: rapid.Uint64().Draw(t, "seq"), Rand: rapid.Uint64().Draw(t, "rand"), Null: rapid.Bool().Draw(t, "null"),
		}
		v.ModTime = genTime().Draw(t, "modified")
		v.Owner = genAccount().Draw(t, "owner")
		if v.DeleteMarker = rapid.Bool().Draw(t, "marker"); v.DeleteMarker {
			return v
		}
		v.Size = rapid.Int64Range(0, keyhaven.MaxObjectSize).Draw(t, "size")
		v.ETag = keyhaven.ETag{MD5: genMD5().Draw(t, "md5"), Parts: rapid.IntRange(0, 10000).Draw(t, "parts")}
		v.Checksum = genChecksum().Draw(t, "checksum")
		v.Header = genHeader().Draw(t, "header")
		v.Metadata = genMetadata().Draw(t, "metadata")
		v.ACL, v.Grants = keyhaven.CannedACL(rapid.IntRange(0, 2).Draw(t, "acl")), genGrants(t)
		v.Tags = genTags().Draw(t, "tags")
		v.Data = genData().Draw(t, "data")
		v.Lock = genLock().Draw(t, "lock")
		v.Encryption = genEncryption().Draw(t, "encryption")
		v.Sealed = Sealed{Key: genBytes(100).Draw(t, "sealed"), Salt: genMD5().Draw(t, "salt")}
		v.RedirectLocation = rapid.StringN(0, 8, 32).Draw(t, "redirect")
		return v
	})
}

func genAccount() *rapid.Generator[keyhaven.AccountID] {
	return rapid.Map(rapid.StringMatching(`[0-9]{12}`), func(s string) keyhaven.AccountID { return keyhaven.AccountID(s) })
}

func genBucket() *rapid.Generator[*keyhaven.Bucket] {
	tag := rapid.Custom(func(t *rapid.T) keyhaven.Tag {
		tag := keyhaven.Tag{Key: rapid.StringN(1, 5, 20).Draw(t, "key"), HasValue: rapid.Bool().Draw(t, "has value")}
		if tag.HasValue {
			tag.Value = rapid.StringN(0, 5, 20).Draw(t, "value")
		}
		return tag
	})
	return rapid.Custom(func(t *rapid.T) *keyhaven.Bucket {
		b := &keyhaven.Bucket{
			ID: keyhaven.BucketID(genID().Draw(t, "id")), Name: "bucket",
			Account: genAccount().Draw(t, "account"), Region: rapid.StringN(0, 8, 32).Draw(t, "region"),
			CreatedAt: genTime().Draw(t, "created"), ViaLightsail: rapid.Bool().Draw(t, "lightsail"),
			BundleID: rapid.StringN(0, 8, 32).Draw(t, "bundle"), BundleChangedAt: genTime().Draw(t, "changed"),
			Versioning: rapid.SampledFrom(versionings).Draw(t, "versioning"),
			AccessRules: keyhaven.AccessRules{
				GetObjectPublic: rapid.Bool().Draw(t, "public"), AllowPublicOverrides: rapid.Bool().Draw(t, "overrides"),
			},
		}
		if tags := rapid.SliceOfN(tag, 0, 3).Draw(t, "tags"); len(tags) > 0 {
			b.Tags = tags
		}
		b.PublicAccessBlock = keyhaven.PublicAccessBlock(rapid.IntRange(0, 31).Draw(t, "block"))
		b.Ownership = keyhaven.ObjectOwnership(rapid.IntRange(0, 3).Draw(t, "ownership"))
		b.ACL, b.Grants = keyhaven.CannedACL(rapid.IntRange(0, 2).Draw(t, "acl")), genGrants(t)
		if a := rapid.SliceOfN(genAccount(), 0, 2).Draw(t, "readonly"); len(a) > 0 {
			b.ReadonlyAccounts = a
		}
		return b
	})
}

// genGrants are the grants of an access control list; nil for none.
func genGrants(t *rapid.T) []keyhaven.Grant {
	grants := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) keyhaven.Grant {
		return keyhaven.Grant{
			CanonicalID: rapid.SampledFrom([]string{"", "c0ffee"}).Draw(t, "canonical id"),
			Group:       rapid.SampledFrom([]string{"", keyhaven.AllUsers}).Draw(t, "group"),
			Permission:  keyhaven.Permission(rapid.IntRange(1, 5).Draw(t, "permission")),
		}
	}), 0, 2).Draw(t, "grants")
	if len(grants) == 0 {
		return nil
	}
	return grants
}

func genKeyRecord() *rapid.Generator[*KeyRecord] {
	return rapid.Custom(func(t *rapid.T) *KeyRecord {
		k := &KeyRecord{AccessKey: keyhaven.AccessKey{
			ID: "AKIAIOSFODNN7EXAMPLE", CreatedAt: genTime().Draw(t, "created"), Account: genAccount().Draw(t, "account"),
			Status: rapid.SampledFrom([]keyhaven.KeyStatus{keyhaven.KeyActive, keyhaven.KeyInactive}).Draw(t, "status"),
			Owner:  rapid.SampledFrom([]keyhaven.KeyOwner{keyhaven.OwnerRoot, keyhaven.OwnerBucket}).Draw(t, "owner"),
		}}
		if k.Owner == keyhaven.OwnerBucket {
			k.BucketID, k.BucketName = keyhaven.BucketID(genID().Draw(t, "bucket")), rapid.StringN(0, 8, 32).Draw(t, "name")
		}
		k.Sealed = genBytes(100).Draw(t, "sealed")
		k.FromEnvironment = rapid.Bool().Draw(t, "environment")
		k.Care = genKeyCare().Draw(t, "care")
		return k
	})
}

func genKeyCare() *rapid.Generator[keyhaven.KeyCare] {
	text := rapid.StringN(0, 8, 32)
	return rapid.Custom(func(t *rapid.T) (c keyhaven.KeyCare) {
		c.Name, c.Note, c.Replaces = text.Draw(t, "key name"), text.Draw(t, "note"), text.Draw(t, "replaces")
		c.Imported, c.Scope.ReadOnly = rapid.Bool().Draw(t, "imported"), rapid.Bool().Draw(t, "read-only")
		if rapid.Bool().Draw(t, "expires") {
			c.ExpiresAt = genTime().Draw(t, "expiry")
			c.Warned = rapid.SampledFrom(append(keyhaven.ExpiryNotices, 0)).Draw(t, "warned")
			if c.Warned != 0 {
				c.WarnedAt = genTime().Draw(t, "warned at")
			}
		}
		for _, list := range []*[]string{&c.Scope.Prefixes, &c.Scope.Networks} {
			if l := rapid.SliceOfN(rapid.StringN(1, 8, 32), 0, 3).Draw(t, "list"); len(l) > 0 {
				*list = l
			}
		}
		return c
	})
}

func genLastUsed() *rapid.Generator[keyhaven.LastUsed] {
	return rapid.Custom(func(t *rapid.T) keyhaven.LastUsed {
		return keyhaven.LastUsed{
			Time: genTime().Draw(t, "time"), Region: rapid.StringN(0, 8, 32).Draw(t, "region"), Service: rapid.StringN(0, 8, 32).Draw(t, "service"),
		}
	})
}

func genUpload() *rapid.Generator[*Upload] {
	return rapid.Custom(func(t *rapid.T) *Upload {
		u := &Upload{Ref: genID().Draw(t, "id"), Bucket: keyhaven.BucketID(genID().Draw(t, "bucket"))}
		sum := genChecksum().Draw(t, "checksum")
		u.Upload = keyhaven.Upload{
			ID: u.Ref.String(), Key: "key", Initiated: genTime().Draw(t, "initiated"), Expires: genTime().Draw(t, "expires"),
			ChecksumAlgorithm: sum.Algorithm, ChecksumType: sum.Type,
			Header: genHeader().Draw(t, "header"), Metadata: genMetadata().Draw(t, "metadata"),
			ACL: keyhaven.CannedACL(rapid.IntRange(0, 2).Draw(t, "acl")), Grants: genGrants(t),
			Owner: genAccount().Draw(t, "owner"), Tags: genTags().Draw(t, "tags"), Lock: genLock().Draw(t, "lock"), RedirectLocation: rapid.StringN(0, 8, 32).Draw(t, "redirect"),
		}
		return u
	})
}

func genPart() *rapid.Generator[PartRecord] {
	return rapid.Custom(func(t *rapid.T) PartRecord {
		return PartRecord{
			Part: keyhaven.Part{
				Number: rapid.IntRange(1, keyhaven.MaxPartNumber).Draw(t, "number"),
				Size:   rapid.Int64Range(0, keyhaven.MaxPutSize).Draw(t, "size"),
				ETag:   keyhaven.ETag{MD5: genMD5().Draw(t, "md5")}, ModTime: genTime().Draw(t, "modified"),
				Checksum: genChecksum().Draw(t, "checksum"),
			},
			Data: genData().Draw(t, "data"), Sealed: Sealed{Salt: genMD5().Draw(t, "salt")},
		}
	})
}

func genCompleted() *rapid.Generator[Completed] {
	return rapid.Custom(func(t *rapid.T) Completed {
		return Completed{
			Bucket: keyhaven.BucketID(genID().Draw(t, "bucket")), Key: rapid.StringN(0, 8, 32).Draw(t, "key"),
			Request: genBytes(32).Draw(t, "request"),
			Version: keyhaven.VersionID{
				Seq: rapid.Uint64().Draw(t, "seq"), Rand: rapid.Uint64().Draw(t, "rand"), Null: rapid.Bool().Draw(t, "null"),
			},
			ETag:     keyhaven.ETag{MD5: genMD5().Draw(t, "md5"), Parts: rapid.IntRange(0, 10000).Draw(t, "parts")},
			Checksum: genChecksum().Draw(t, "checksum"), Expires: genTime().Draw(t, "expires"),
		}
	})
}

func genWork() *rapid.Generator[Work] {
	return rapid.Custom(func(t *rapid.T) Work {
		w := Work{Kind: rapid.SampledFrom([]WorkKind{FreeBlob, FreeManifest, FreeUpload, PurgeBucket}).Draw(t, "kind")}
		id := genID().Draw(t, "id")
		switch w.Kind {
		case FreeBlob:
			w.Blob = blob.Ref(id)
		case PurgeBucket:
			w.Bucket = keyhaven.BucketID(id)
		default:
			w.ID = id
		}
		return w
	})
}

func genOperation() *rapid.Generator[*keyhaven.Operation] {
	return rapid.Custom(func(t *rapid.T) *keyhaven.Operation {
		text := rapid.StringN(0, 8, 32)
		return &keyhaven.Operation{
			Account: genAccount().Draw(t, "account"), Region: text.Draw(t, "region"), ResourceName: text.Draw(t, "name"),
			ResourceType: text.Draw(t, "type"), Type: text.Draw(t, "operation"), Details: text.Draw(t, "details"),
			CreatedAt: genTime().Draw(t, "created"),
		}
	})
}

func genLogBatch() *rapid.Generator[*LogBatch] {
	return rapid.Custom(func(t *rapid.T) *LogBatch {
		text := rapid.StringN(0, 8, 32)
		return &LogBatch{
			ID: genID().Draw(t, "id"), Source: text.Draw(t, "source"), Account: genAccount().Draw(t, "account"), Region: text.Draw(t, "region"),
			Logging: keyhaven.Logging{
				Target: text.Draw(t, "target"), Prefix: text.Draw(t, "prefix"),
				Partitioned: rapid.Bool().Draw(t, "partitioned"), EventTime: rapid.Bool().Draw(t, "event time"),
			},
			Day: rapid.Uint32().Draw(t, "day"), Lines: genBytes(64).Draw(t, "lines"),
		}
	})
}

func genEvent() *rapid.Generator[*Event] {
	return rapid.Custom(func(t *rapid.T) *Event {
		return &Event{
			ID: genID().Draw(t, "id"), Webhook: rapid.StringN(0, 8, 32).Draw(t, "webhook"),
			At: genTime().Draw(t, "at"), Body: genBytes(64).Draw(t, "body"),
		}
	})
}
