package keycare

import (
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
)

// seconds is a time on the wire: seconds since 1970 with milliseconds.
type seconds float64

func secondsOf(t time.Time) *seconds {
	if t.IsZero() {
		return nil
	}
	s := seconds(float64(t.UnixMilli()) / 1000)
	return &s
}

func (s seconds) time() time.Time {
	const most = 253402300799 // the end of the year 9999
	return time.UnixMilli(int64(min(max(float64(s), 0), most) * 1000)).UTC()
}

type keyShape struct {
	AccessKeyID     string      `json:"accessKeyId"`
	SecretAccessKey string      `json:"secretAccessKey,omitempty"` // of a new key alone
	Status          string      `json:"status"`
	CreatedAt       *seconds    `json:"createdAt"`
	BucketName      string      `json:"bucketName,omitempty"`
	Name            string      `json:"name,omitempty"`
	Note            string      `json:"note,omitempty"`
	ExpiresAt       *seconds    `json:"expiresAt,omitempty"`
	Expired         bool        `json:"expired,omitempty"`
	WarnedAt        *seconds    `json:"warnedAt,omitempty"`
	Scope           *scopeShape `json:"scope,omitempty"`
	Replaces        string      `json:"replaces,omitempty"`
	Imported        bool        `json:"imported,omitempty"`
	LastUsed        *useShape   `json:"lastUsed,omitempty"`
}

type scopeShape struct {
	ReadOnly bool     `json:"readOnly"`
	Prefixes []string `json:"prefixes"`
	Networks []string `json:"networks"`
}

type useShape struct {
	LastUsedDate *seconds `json:"lastUsedDate"`
	Region       string   `json:"region"`
	ServiceName  string   `json:"serviceName"`
}

// shapeOf is a key without its secret.
func shapeOf(k *keyhaven.AccessKey) keyShape {
	s := keyShape{
		AccessKeyID: k.ID, Status: string(k.Status), CreatedAt: secondsOf(k.CreatedAt), BucketName: k.BucketName,
		Name: k.Care.Name, Note: k.Care.Note, ExpiresAt: secondsOf(k.Care.ExpiresAt), Expired: k.Care.Expired(time.Now()),
		WarnedAt: secondsOf(k.Care.WarnedAt), Replaces: k.Care.Replaces, Imported: k.Care.Imported,
	}
	if sc := k.Care.Scope; !sc.IsZero() {
		s.Scope = &scopeShape{sc.ReadOnly, append([]string{}, sc.Prefixes...), append([]string{}, sc.Networks...)}
	}
	if u := k.LastUsed; !u.Time.IsZero() {
		s.LastUsed = &useShape{secondsOf(u.Time), u.Region, u.Service}
	}
	return s
}

// change are the members by which requests change a key.
type change struct {
	Name      *string     `json:"name"`
	Note      *string     `json:"note"`
	ExpiresAt *seconds    `json:"expiresAt"` // 0: never
	Status    *string     `json:"status"`
	Scope     *scopeShape `json:"scope"` // all of it; empty for none
}

func (c *change) of() access.KeyChange {
	out := access.KeyChange{Name: c.Name, Note: c.Note}
	if c.ExpiresAt != nil {
		var at time.Time
		if *c.ExpiresAt != 0 {
			at = c.ExpiresAt.time()
		}
		out.ExpiresAt = &at
	}
	if c.Status != nil {
		st := keyhaven.KeyStatus(*c.Status)
		out.Status = &st
	}
	if c.Scope != nil {
		out.Scope = &keyhaven.KeyScope{ReadOnly: c.Scope.ReadOnly, Prefixes: c.Scope.Prefixes, Networks: c.Scope.Networks}
	}
	return out
}

type rotationShape struct {
	State  string    `json:"state"`
	OldKey *keyShape `json:"oldAccessKey,omitempty"`
	NewKey *keyShape `json:"newAccessKey,omitempty"`
	// QuietAt is when the old key counts as unused, if nobody uses it until then.
	QuietAt *seconds `json:"quietAt,omitempty"`
}

func rotationOf(r *access.Rotation) map[string]any {
	s := rotationShape{State: string(r.State), QuietAt: secondsOf(r.QuietAt)}
	if r.Old != nil {
		o, n := shapeOf(r.Old), shapeOf(r.New)
		s.OldKey, s.NewKey = &o, &n
	}
	return map[string]any{"rotation": s}
}
