package meta

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

const acct = keyhaven.AccountID("111122223333")

func base(id, name string) keyhaven.Entity {
	return keyhaven.Entity{
		ID: id, Account: acct, Name: name, Path: "/a/", CreatedAt: time.Date(2026, 11, 20, 12, 30, 15, 0, time.UTC),
		Tags: []keyhaven.Tag{{Key: "team", Value: "web", HasValue: true}},
	}
}

// sampleEntities has one of every kind, every field set.
func sampleEntities() []entity {
	at := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	grants := keyhaven.Grants{
		Inline:   []keyhaven.InlinePolicy{{Name: "in", Document: `{"Statement":[]}`}},
		Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Boundary: "arn:aws:iam::111122223333:policy/b",
	}
	group := keyhaven.Grants{Inline: grants.Inline, Attached: grants.Attached}
	return []entity{
		&keyhaven.User{
			Entity: base("AIDA1", "Bob"), Grants: grants, Groups: []string{"AGPA1"}, PasswordLastUsed: at,
			Login: &keyhaven.Login{Hash: "hash", CreatedAt: at, Since: at, ResetRequired: true},
		},
		&keyhaven.Group{Entity: base("AGPA1", "Devs"), Grants: group},
		&keyhaven.Role{
			Entity: base("AROA1", "Deploy"), Grants: grants, Description: "d", Trust: "{}", MaxSession: 3600, Since: at,
			LastUsed: keyhaven.LastUsed{Time: at, Region: "us-east-1"},
		},
		&keyhaven.ManagedPolicy{
			Entity: base("ANPA1", "b"), Description: "d", Default: "v2", LastVersion: 2, UpdatedAt: at,
			Versions: []keyhaven.PolicyVersion{{ID: "v2", Document: "{}", CreatedAt: at}},
		},
		&keyhaven.InstanceProfile{Entity: base("AIPA1", "web"), Role: "AROA1"},
		&keyhaven.IdentityProvider{Entity: base("AOPA1", "idp.example.test"), URL: "https://idp.example.test", ClientIDs: []string{"c"}, Thumbprints: []string{"t"}},
		&keyhaven.Instance{
			Entity: base("i-1", "web-1"), Region: "us-east-1", Zone: "us-east-1a", BundleID: "nano_3_0", Blueprint: "ubuntu",
			KeyPair: "k", UserData: "u", State: "running", Token: "t", Enroll: "e", EnrollUntil: at, Since: at,
		},
		&keyhaven.MFADevice{Entity: base("AMFA1", "phone"), Seed: []byte{1, 2}, Owner: "AIDA1", EnabledAt: at, Step: 7, Drift: -1},
	}
}

// keysOf returns every key of the store of these kinds.
func keysOf(t *testing.T, engine kv.Store, kinds string) (keys []string) {
	t.Helper()
	err := engine.View(t.Context(), func(r kv.Reader) error {
		for _, kind := range []byte(kinds) {
			it := r.Scan(kv.Prefix([]byte{kind}))
			for it.Next() {
				keys = append(keys, string(it.Key()))
			}
			if err := it.Close(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func put(t *testing.T, s *Store, all ...entity) {
	t.Helper()
	err := s.Update(t.Context(), func(tx *Txn) error {
		for _, e := range all {
			if err := tx.PutEntity(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEntities: every kind is stored and read again, and goes with its indexes.
func TestEntities(t *testing.T) {
	engine := memkv.New()
	s := New(engine)
	all := sampleEntities()
	put(t, s, all...)
	put(t, s, all...) // again changes nothing
	err := s.View(t.Context(), func(r *Reader) error {
		for _, want := range all {
			got, err := r.entity(acct, kindOf(want), want.Base().Name)
			if err != nil {
				return err
			}
			byID, err := r.entityByID(kindOf(want), want.Base().ID)
			if err != nil {
				return err
			}
			if d := cmp.Diff(want, got) + cmp.Diff(want, byID); d != "" {
				t.Errorf("%T differs: %s", want, d)
			}
			_, err = r.entity(acct, kindOf(want), strings.ToUpper(want.Base().Name)+"x")
			if keyhaven.KindOf(err) != keyhaven.NotFound {
				t.Errorf("another name of %T: %v", want, err)
			}
		}
		_, err := r.User(acct, "BOB")
		if !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounUser) {
			t.Errorf("a name in other case: %v", err)
		}
		if taken, err := r.EntityTaken(acct, EntityUser, "bOB"); err != nil || !taken {
			t.Errorf("EntityTaken() in other case = %v, %v", taken, err)
		}
		_, err = r.RoleByID("AIDA1")
		if !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounRole) {
			t.Errorf("a user's id as a role's: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(tx *Txn) error {
		var errs []error
		for _, e := range all {
			errs = append(errs, tx.PutLastUsed(e.Base().ID, keyhaven.LastUsed{Region: "r"}, keyhaven.KeyActivity{}))
			if kindOf(e) == EntityRole {
				if u, err := tx.LastUsed(e.Base().ID); err != nil || u.Region != "r" {
					t.Errorf("the role's last use = %+v, %v", u, err)
				}
			}
			errs = append(errs, tx.DeleteEntity(e))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	if left := keysOf(t, engine, "iIu"); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
}

// TestEntityIndexesFollow: a rename, a detached policy and a left group leave no
// index behind.
func TestEntityIndexesFollow(t *testing.T) {
	engine := memkv.New()
	s := New(engine)
	u := sampleEntities()[0].(*keyhaven.User)
	put(t, s, u)
	u.Name, u.Groups, u.Attached, u.Boundary = "robert", nil, nil, ""
	put(t, s, u)
	want := []string{"i111122223333urobert", "IiAIDA1"}
	if got := keysOf(t, engine, "iI"); !slices.Equal(got, want) {
		t.Errorf("keys = %q, want %q", got, want)
	}
}

func TestEntityIndexQueries(t *testing.T) {
	s := New(memkv.New())
	put(t, s, sampleEntities()...)
	err := s.View(t.Context(), func(r *Reader) error {
		var attached []string
		err := r.AttachedTo(acct, "arn:aws:iam::aws:policy/AdministratorAccess", func(id string, boundary bool) (bool, error) {
			attached = append(attached, id)
			if boundary {
				t.Errorf("%s has it as a boundary", id)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		if want := []string{"AGPA1", "AIDA1", "AROA1"}; !slices.Equal(attached, want) {
			t.Errorf("AttachedTo() = %q, want %q", attached, want)
		}
		n := 0
		if err := r.Members("AGPA1", "", func(id string) (bool, error) { n++; return id == "AIDA1", nil }); err != nil || n != 1 {
			t.Errorf("Members() finds %d, %v", n, err)
		}
		n = 0
		if err := r.ProfilesOf("AROA1", func(string) (bool, error) { n++; return true, nil }); err != nil || n != 1 {
			t.Errorf("ProfilesOf() finds %d, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEntityFormat holds the JSON of records that release 1 wrote: they are read
// for ever.
func TestEntityFormat(t *testing.T) {
	want := []string{
		`{"id":"AIDA1","account":"111122223333","name":"Bob","path":"/a/","created":"2026-11-20T12:30:15Z","tags":[{"Key":"team","Value":"web","HasValue":true}],"inline":[{"name":"in","document":"{\"Statement\":[]}"}],"attached":["arn:aws:iam::aws:policy/AdministratorAccess"],"boundary":"arn:aws:iam::111122223333:policy/b","groups":["AGPA1"],"login":{"hash":"hash","created":"2026-11-21T00:00:00Z","since":"2026-11-21T00:00:00Z","resetRequired":true},"passwordLastUsed":"2026-11-21T00:00:00Z"}`,
		`{"id":"AGPA1","account":"111122223333","name":"Devs","path":"/a/","created":"2026-11-20T12:30:15Z","tags":[{"Key":"team","Value":"web","HasValue":true}],"inline":[{"name":"in","document":"{\"Statement\":[]}"}],"attached":["arn:aws:iam::aws:policy/AdministratorAccess"]}`,
		`{"id":"AROA1","account":"111122223333","name":"Deploy","path":"/a/","created":"2026-11-20T12:30:15Z","tags":[{"Key":"team","Value":"web","HasValue":true}],"inline":[{"name":"in","document":"{\"Statement\":[]}"}],"attached":["arn:aws:iam::aws:policy/AdministratorAccess"],"boundary":"arn:aws:iam::111122223333:policy/b","description":"d","trust":"{}","maxSession":3600,"lastUsed":{"Time":"2026-11-21T00:00:00Z","Region":"us-east-1","Service":""},"since":"2026-11-21T00:00:00Z"}`,
		`{"id":"ANPA1","account":"111122223333","name":"b","path":"/a/","created":"2026-11-20T12:30:15Z","tags":[{"Key":"team","Value":"web","HasValue":true}],"description":"d","default":"v2","versions":[{"id":"v2","document":"{}","created":"2026-11-21T00:00:00Z"}],"lastVersion":2,"updated":"2026-11-21T00:00:00Z"}`,
		`{"id":"AIPA1","account":"111122223333","name":"web","path":"/a/","created":"2026-11-20T12:30:15Z","tags":[{"Key":"team","Value":"web","HasValue":true}],"role":"AROA1"}`,
		`{"id":"AOPA1","account":"111122223333","name":"idp.example.test","path":"/a/","created":"2026-11-20T12:30:15Z","tags":[{"Key":"team","Value":"web","HasValue":true}],"url":"https://idp.example.test","clientIds":["c"],"thumbprints":["t"]}`,
		`{"id":"i-1","account":"111122223333","name":"web-1","path":"/a/","created":"2026-11-20T12:30:15Z","tags":[{"Key":"team","Value":"web","HasValue":true}],"region":"us-east-1","zone":"us-east-1a","bundle":"nano_3_0","blueprint":"ubuntu","keyPair":"k","userData":"u","state":"running","token":"t","enroll":"e","enrollUntil":"2026-11-21T00:00:00Z","since":"2026-11-21T00:00:00Z"}`,
		`{"id":"AMFA1","account":"111122223333","name":"phone","path":"/a/","created":"2026-11-20T12:30:15Z","tags":[{"Key":"team","Value":"web","HasValue":true}],"seed":"AQI=","owner":"AIDA1","enabled":"2026-11-21T00:00:00Z","step":7,"drift":-1}`,
	}
	for i, e := range sampleEntities() {
		raw, err := json.Marshal(e)
		if err != nil || string(raw) != want[i] {
			t.Errorf("%T is written as\n%s, %v", e, raw, err)
		}
		got, err := decodeEntity(kindOf(e), append([]byte{recordVersion}, strings.Replace(want[i], "{", `{"later":1,`, 1)...))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(e, got); d != "" {
			t.Errorf("%T reads differently: %s", e, d)
		}
	}
}

func TestDamagedEntities(t *testing.T) {
	for _, rec := range [][]byte{nil, {}, {2, '{', '}'}, {recordVersion}, append([]byte{recordVersion}, `{"id":"secret`...)} {
		if _, err := decodeEntity(EntityUser, rec); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("decodeEntity(%q) = %v", rec, err)
		}
	}
	if _, err := decodeEntity('?', []byte{recordVersion, '{', '}'}); err == nil {
		t.Error("an unknown kind decodes")
	}
}

// TestWatchPrincipals: whose rights a commit changed is told before the call
// returns.
func TestWatchPrincipals(t *testing.T) {
	s := New(memkv.NewRerunning())
	var told []Principal
	s.WatchPrincipals(func(p Principal) { told = append(told, p) })
	all := sampleEntities()
	for i, want := range [][]Principal{{{acct, "AIDA1"}}, {{acct, ""}}, {{acct, "AROA1"}}, {{acct, ""}}, nil, nil, {{acct, "i-1"}}} {
		told = nil
		put(t, s, all[i])
		if !slices.Equal(told, want) {
			t.Errorf("%T: told %v, want %v", all[i], told, want)
		}
	}
}
