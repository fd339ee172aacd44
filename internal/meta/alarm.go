package meta

import (
	"encoding/json"
	"fmt"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Alarms and contacts stand under one kind, by account, region and name. Their
// records are the version byte and JSON.
const (
	watchAlarm   = 'a'
	watchContact = 'c'
)

func watchPrefix(what byte, account keyhaven.AccountID, region string) []byte {
	return appendEscaped(append([]byte{kindWatch, what}, account...), region)
}

func watchKey(what byte, account keyhaven.AccountID, region, name string) []byte {
	return append(watchPrefix(what, account, region), name...)
}

func (t *Txn) putWatch(key []byte, record any) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return t.t.Set(key, append([]byte{recordVersion}, raw...))
}

func parseWatch[T any](rec []byte) (*T, error) {
	if len(rec) == 0 || rec[0] != recordVersion {
		return nil, damaged("alarm")
	}
	out := new(T)
	if err := json.Unmarshal(rec[1:], out); err != nil {
		return nil, fmt.Errorf("meta: alarm record: %w", err)
	}
	return out, nil
}

func watched[T any](r *Reader, prefix []byte, fn func(*T) bool) error {
	return r.scan(kv.Prefix(prefix), func(_, rec []byte) (bool, error) {
		v, err := parseWatch[T](rec)
		if err != nil {
			return false, err
		}
		return fn(v), nil
	})
}

// parseWatchEntry checks an entry of an alarm or a contact.
func parseWatchEntry(k, v []byte) (err error) {
	if len(k) < 16 {
		return errKey
	}
	switch k[1] {
	case watchAlarm:
		_, err = parseWatch[keyhaven.Alarm](v)
	case watchContact:
		_, err = parseWatch[keyhaven.Contact](v)
	default:
		err = errKey
	}
	return err
}

// PutAlarm writes an alarm.
func (t *Txn) PutAlarm(a *keyhaven.Alarm) error {
	return t.putWatch(watchKey(watchAlarm, a.Account, a.Region, a.Name), a)
}

// DeleteAlarm removes an alarm.
func (t *Txn) DeleteAlarm(a *keyhaven.Alarm) error {
	return t.t.Delete(watchKey(watchAlarm, a.Account, a.Region, a.Name))
}

// Alarm returns the alarm of this name, or nil.
func (r *Reader) Alarm(account keyhaven.AccountID, region, name string) (*keyhaven.Alarm, error) {
	rec, err := r.get(watchKey(watchAlarm, account, region, name))
	if err != nil || rec == nil {
		return nil, err
	}
	return parseWatch[keyhaven.Alarm](rec)
}

// Alarms calls fn for the alarms of an account in a region in order of name, until
// it returns false.
func (r *Reader) Alarms(account keyhaven.AccountID, region string, fn func(*keyhaven.Alarm) bool) error {
	return watched(r, watchPrefix(watchAlarm, account, region), fn)
}

// AllAlarms calls fn for every alarm until it returns false.
func (r *Reader) AllAlarms(fn func(*keyhaven.Alarm) bool) error {
	return watched(r, []byte{kindWatch, watchAlarm}, fn)
}

// PutContact writes a contact.
func (t *Txn) PutContact(c *keyhaven.Contact) error {
	return t.putWatch(watchKey(watchContact, c.Account, c.Region, string(c.Protocol)), c)
}

// DeleteContact removes a contact.
func (t *Txn) DeleteContact(c *keyhaven.Contact) error {
	return t.t.Delete(watchKey(watchContact, c.Account, c.Region, string(c.Protocol)))
}

// Contact returns the contact of this protocol, or nil.
func (r *Reader) Contact(account keyhaven.AccountID, region string, p keyhaven.ContactProtocol) (*keyhaven.Contact, error) {
	rec, err := r.get(watchKey(watchContact, account, region, string(p)))
	if err != nil || rec == nil {
		return nil, err
	}
	return parseWatch[keyhaven.Contact](rec)
}

// Contacts calls fn for the contacts of an account in all regions, until it
// returns false.
func (r *Reader) Contacts(account keyhaven.AccountID, fn func(*keyhaven.Contact) bool) error {
	return watched(r, append([]byte{kindWatch, watchContact}, account...), fn)
}
