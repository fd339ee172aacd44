package meta_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

func TestSessionRecord(t *testing.T) {
	m, ctx := meta.New(memkv.New()), context.Background()
	now := time.Now().UTC().Truncate(time.Millisecond)
	want := meta.Session{ID: "abc", Account: "111122223333", KeyID: "AKIA", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	want.Role = &meta.RoleSignIn{ID: "AROA", Name: "ann@haven.test", Provider: "arn:aws:iam::111122223333:oidc-provider/id.test", Subject: "1", Audience: "console"}
	err := m.Update(ctx, func(tx *meta.Txn) error { return tx.PutSession(&want) })
	if err != nil {
		t.Fatal(err)
	}
	err = m.View(ctx, func(r *meta.Reader) error {
		got, err := r.Session("abc")
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("Session() = %+v, %v, want %+v", got, err, want)
		}
		all, err := r.Sessions(10)
		if err != nil || len(all) != 1 || !reflect.DeepEqual(*all[0], want) {
			t.Errorf("Sessions() = %+v, %v", all, err)
		}
		if _, err := r.Session("ab"); !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccount) {
			t.Errorf("Session() of none = %v", err)
		}
		_, err = r.Entries(meta.KindSystem, meta.Page{Limit: 10}, func(e *meta.Entry) error {
			if e.Err != nil || e.Name != "session/abc" {
				t.Errorf("entry %q: %v", e.Name, e.Err)
			}
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = m.Update(ctx, func(tx *meta.Txn) error { return tx.DeleteSession("abc") })
	if err != nil {
		t.Fatal(err)
	}
	err = m.View(ctx, func(r *meta.Reader) error {
		all, err := r.Sessions(10)
		if len(all) != 0 {
			t.Errorf("Sessions() after DeleteSession = %+v", all)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
