package meta

import (
	"bytes"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// MFADevice returns an MFA device.
func (r *Reader) MFADevice(a keyhaven.AccountID, name string) (*keyhaven.MFADevice, error) {
	return as[*keyhaven.MFADevice](r.entity(a, EntityMFA, name))
}

// MFADevicesOf returns the devices that are enabled for a user, by its unique id,
// or for the root of an account, by the account's; there are few.
func (r *Reader) MFADevicesOf(owner string) (all []*keyhaven.MFADevice, err error) {
	err = r.indexed(indexMFA, owner, "", func(id string) (bool, error) {
		d, err := as[*keyhaven.MFADevice](r.entityByID(EntityMFA, id))
		all = append(all, d)
		return true, err
	})
	return all, err
}

// MFADevices calls fn for every MFA device of every account.
func (r *Reader) MFADevices(fn func(*keyhaven.MFADevice) error) error {
	return r.scan(kv.Prefix([]byte{kindEntity}), func(k, rec []byte) (bool, error) {
		if !ofMFADevice(k) {
			return true, nil
		}
		d, err := as[*keyhaven.MFADevice](decodeEntity(EntityMFA, rec))
		if err != nil {
			return false, err
		}
		return true, fn(d)
	})
}

// MFADeviceID begins the unique ids of MFA devices, by which the entries of one
// are told from those of other records of IAM.
const MFADeviceID = "AMFA"

// ofMFADevice reports whether a key is that of a device's record or index.
func ofMFADevice(k []byte) bool {
	switch {
	case len(k) > 13 && k[0] == kindEntity:
		return k[13] == EntityMFA
	case len(k) > 2 && k[0] == kindEntityIndex:
		return k[1] == indexMFA || k[1] == indexID && bytes.HasPrefix(k[2:], []byte(MFADeviceID))
	}
	return false
}
