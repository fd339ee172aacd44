package identity

import (
	"context"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	maxDevices    = 8 // of a user or a root ("IAM and AWS STS quotas")
	maxDeviceName = 226
)

// OfMFADevice names an MFA device of the account by its serial number, which is
// its ARN.
func OfMFADevice(serial string) Holder {
	return Holder{devices, serial[strings.LastIndexByte(serial, '/')+1:]}
}

// Person is a user of an account; its root when User is empty.
type Person struct {
	Account keyhaven.AccountID
	User    string
}

// PersonOf is the user or root that a principal is; ok is false for any other.
func PersonOf(p *keyhaven.Principal) (who Person, ok bool) {
	switch p.Kind {
	case keyhaven.Root:
		return Person{Account: p.Account}, true
	case keyhaven.UserPrincipal:
		return Person{p.Account, p.Name}, true
	}
	return Person{}, false
}

// id is the unique id of a user, or the account's for its root. Errors: NotFound
// user.
func (p Person) id(r *meta.Reader) (string, error) {
	if p.User == "" {
		return string(p.Account), nil
	}
	u, err := r.User(p.Account, p.User)
	if err != nil {
		return "", users.said(p.User, err)
	}
	return u.ID, nil
}

// CreatedMFADevice is a device and what is seen of its seed this once.
type CreatedMFADevice struct {
	*keyhaven.MFADevice
	Seed keyhaven.Secret // base32, as apps take it
	QR   []byte          // PNG
}

// CreateMFADevice makes a virtual device that is nobody's yet. Errors: Invalid;
// AlreadyExists MFA device.
func (s *Service) CreateMFADevice(ctx context.Context, account keyhaven.AccountID, name, path string, tags []keyhaven.Tag) (*CreatedMFADevice, error) {
	b, err := s.newBase(devices, account, name, path, tags)
	if err != nil {
		return nil, err
	}
	a, err := s.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	label := a.Alias
	if label == "" {
		label = string(a.ID)
	}
	seed, qr, err := newSeed(name + "@" + label)
	if err != nil {
		return nil, err
	}
	d := &keyhaven.MFADevice{Entity: b}
	if d.Seed, err = s.ring.Seal([]byte(seed.Reveal()), d.SealContext()); err != nil {
		return nil, err
	}
	return &CreatedMFADevice{d, seed, qr}, s.create(ctx, devices, d, nil)
}

// device returns the device of a serial number. Errors: NotFound MFA device.
func device(r *meta.Reader, account keyhaven.AccountID, serial string) (*keyhaven.MFADevice, error) {
	d, err := r.MFADevice(account, OfMFADevice(serial).Name)
	if err == nil && d.ARN() != serial {
		err = devices.missing(serial)
	}
	return d, devices.said(serial, err)
}

// deviceOf returns the device of a serial number that is enabled for a person.
func deviceOf(r *meta.Reader, who Person, serial string) (*keyhaven.MFADevice, error) {
	id, err := who.id(r)
	if err != nil {
		return nil, err
	}
	d, err := device(r, who.Account, serial)
	if err == nil && d.Owner != id {
		err = failure(keyhaven.NotFound, keyhaven.NounMFADevice, serial, "MFA Device invalid for user.")
	}
	return d, err
}

// EnableMFADevice makes a device that of a user or a root, who from then on has to
// show its code at the console. Two codes in a row prove that the device has the
// seed, and tell how far its clock is off. Errors: NotFound user, MFA device;
// AlreadyExists MFA device for one that is in use; LimitExceeded MFA device;
// Denied MFA device for wrong codes.
func (s *Service) EnableMFADevice(ctx context.Context, who Person, serial, first, second string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		id, err := who.id(&tx.Reader)
		if err != nil {
			return err
		}
		d, err := device(&tx.Reader, who.Account, serial)
		if err != nil {
			return err
		}
		if d.Owner != "" {
			return failure(keyhaven.AlreadyExists, keyhaven.NounMFADevice, serial, "MFA Device is already in use.")
		}
		have, err := tx.MFADevicesOf(id)
		if err != nil {
			return err
		}
		if len(have) >= maxDevices {
			return failure(keyhaven.LimitExceeded, keyhaven.NounMFADevice, serial, "Cannot exceed quota for MFADevicesPerUser: 8")
		}
		d.Owner, d.EnabledAt = id, s.time()
		return s.synchronize(tx, d, first, second)
	})
}

// ResyncMFADevice learns from two codes in a row how far the clock of a device is
// off. Errors: as EnableMFADevice.
func (s *Service) ResyncMFADevice(ctx context.Context, who Person, serial, first, second string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		d, err := deviceOf(&tx.Reader, who, serial)
		if err != nil {
			return err
		}
		return s.synchronize(tx, d, first, second)
	})
}

// DeactivateMFADevice takes a device from its user or root; it stays, nobody's.
// Errors: NotFound user, MFA device.
func (s *Service) DeactivateMFADevice(ctx context.Context, who Person, serial string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		d, err := deviceOf(&tx.Reader, who, serial)
		if err != nil {
			return err
		}
		d.Owner, d.EnabledAt = "", time.Time{}
		return tx.PutEntity(d)
	})
}

// DeleteMFADevice deletes a device that is nobody's. Errors: NotFound MFA device;
// NotEmpty MFA device.
func (s *Service) DeleteMFADevice(ctx context.Context, account keyhaven.AccountID, serial string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		d, err := device(&tx.Reader, account, serial)
		if err != nil {
			return err
		}
		if d.Owner != "" {
			return failure(keyhaven.NotEmpty, keyhaven.NounMFADevice, serial, "MFA VirtualDevice in use. Must deactivate first.")
		}
		return tx.DeleteEntity(d)
	})
}

// MFADevicesOf returns the devices of a user or a root. Errors: NotFound user.
func (s *Service) MFADevicesOf(ctx context.Context, who Person) (all []*keyhaven.MFADevice, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		id, err := who.id(r)
		if err != nil {
			return err
		}
		all, err = r.MFADevicesOf(id)
		return err
	})
	return all, err
}

// MFADeviceOf returns a device of a user or a root. Errors: NotFound user, MFA
// device.
func (s *Service) MFADeviceOf(ctx context.Context, who Person, serial string) (d *keyhaven.MFADevice, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		d, err = deviceOf(r, who, serial)
		return err
	})
	return d, err
}

// OwnedMFADevice is a device and whose it is: a user, the root of its account, or
// nobody, when both are nil.
type OwnedMFADevice struct {
	*keyhaven.MFADevice
	User *keyhaven.User
	Root *keyhaven.Account
}

// MFADevices returns a page of the devices of the account, of those alone that are
// somebody's, or nobody's, unless assigned is nil.
func (s *Service) MFADevices(ctx context.Context, account keyhaven.AccountID, assigned *bool, page Page) ([]OwnedMFADevice, string, error) {
	var l lister[OwnedMFADevice]
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		l = lister[OwnedMFADevice]{page: page}
		return meta.Entities(r, account, page.Marker, func(d *keyhaven.MFADevice) (bool, error) {
			if assigned != nil && *assigned != (d.Owner != "") {
				return true, nil
			}
			o := OwnedMFADevice{MFADevice: d}
			var err error
			switch d.Owner {
			case "":
			case string(d.Account):
				o.Root, err = r.Account(d.Account)
			default:
				o.User, err = r.UserByID(d.Owner)
			}
			return l.add(strings.ToLower(d.Name), o), err
		})
	})
	return l.all, l.next, err
}
