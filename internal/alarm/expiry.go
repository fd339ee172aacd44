package alarm

import (
	"context"
	"encoding/json"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const expiryEvery = time.Hour

// RunExpiry warns of keys that are going to expire, at once and then every hour,
// until ctx ends.
func (s *Service) RunExpiry(ctx context.Context) {
	tick := time.NewTicker(expiryEvery)
	defer tick.Stop()
	for {
		if err := s.WarnOfExpiry(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.ErrorContext(ctx, "warnings of keys that expire", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// WarnOfExpiry tells of each active key that a notice is due for
// (keyhaven.ExpiryNotices): the contacts of the region of its bucket, all contacts
// of the account for the key of a user or the root. That a warning was given is
// stored together with its messages, so that none is given twice.
func (s *Service) WarnOfExpiry(ctx context.Context) error {
	var due []string
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		due = nil
		now := time.Now()
		return r.AccessKeys(func(k *meta.KeyRecord) error {
			if k.Status == keyhaven.KeyActive && k.Care.Notice(now) != 0 {
				due = append(due, k.ID)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, id := range due {
		var told *Expiry
		err := s.meta.Update(ctx, func(tx *meta.Txn) (err error) {
			told, err = warn(tx, id, time.Now().UTC())
			return err
		})
		if err != nil {
			return err
		}
		if told != nil {
			if s.opts.Warned != nil {
				s.opts.Warned(context.WithoutCancel(ctx), told)
			}
			s.opts.Log.WarnContext(ctx, "an access key expires soon", "access_key_id", id, "account", told.Account, "expires", told.ExpiresAt)
		}
	}
	return nil
}

// Expiry is what a webhook is told of a key.
type Expiry struct {
	Type      string             `json:"type"`
	KeyID     string             `json:"accessKeyId"`
	Name      string             `json:"name,omitempty"`
	Account   keyhaven.AccountID `json:"account"`
	Region    string             `json:"region,omitempty"`
	Bucket    string             `json:"bucketName,omitempty"`
	User      string             `json:"userName,omitempty"`
	ExpiresAt time.Time          `json:"expiresAt"`
	Time      time.Time          `json:"timestamp"`

	Notice   time.Duration `json:"-"` // which of keyhaven.ExpiryNotices it is
	Contacts int           `json:"-"` // that are told
}

// warn queues the messages about a key, and returns nil when none is due any more.
func warn(tx *meta.Txn, id string, at time.Time) (*Expiry, error) {
	k, err := tx.AccessKey(id)
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	notice := k.Care.Notice(at)
	if notice == 0 || k.Status != keyhaven.KeyActive {
		return nil, nil
	}
	m, err := expiryOf(&tx.Reader, k, at)
	if err != nil {
		return nil, err
	}
	var contacts []*keyhaven.Contact
	err = tx.Contacts(k.Account, func(c *keyhaven.Contact) bool {
		if c.Status(at) == keyhaven.ContactValid && (m.Region == "" || c.Region == m.Region) {
			contacts = append(contacts, c)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, c := range contacts {
		if err := m.send(tx, c); err != nil {
			return nil, err
		}
	}
	m.Notice, m.Contacts = notice, len(contacts)
	k.Care.Warned, k.Care.WarnedAt = notice, at
	return m, tx.PutAccessKey(k)
}

func expiryOf(r *meta.Reader, k *meta.KeyRecord, at time.Time) (*Expiry, error) {
	m := &Expiry{
		Type: "accessKeyExpiry", KeyID: k.ID, Name: k.Care.Name, Account: k.Account, Bucket: k.BucketName,
		ExpiresAt: k.Care.ExpiresAt.UTC(), Time: at,
	}
	switch k.Owner {
	case keyhaven.OwnerBucket:
		b, err := r.Bucket(k.BucketName)
		if err != nil {
			return nil, err
		}
		m.Region = b.Region
	case keyhaven.OwnerUser:
		u, err := r.UserByID(k.UserID)
		if err != nil {
			return nil, err
		}
		m.User = u.Name
	}
	return m, nil
}

func (m *Expiry) send(tx *meta.Txn, c *keyhaven.Contact) error {
	if c.Protocol == keyhaven.ContactWebhook {
		body, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return tx.PutEvent(&meta.Event{Webhook: "=" + c.Endpoint, At: m.Time, Body: body})
	}
	what := "The access key " + m.KeyID
	if m.Name != "" {
		what += ` ("` + m.Name + `")`
	}
	switch {
	case m.Bucket != "":
		what += " of the bucket " + m.Bucket
	case m.User != "":
		what += " of the user " + m.User
	default:
		what += " of the root"
	}
	return putMail(tx, c.Endpoint, m.Time, "An access key expires soon: "+m.KeyID,
		what+" stops working at "+m.ExpiresAt.Format(time.RFC1123)+".\n\nMake a new one before, or change when it expires.\n")
}
