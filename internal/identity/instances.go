package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"regexp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

var instanceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,253}[A-Za-z0-9]$`)

// newInstance is a machine of a fresh unique id that has no token yet.
func (s *Service) newInstance(account keyhaven.AccountID, region, name string) *keyhaven.Instance {
	var raw [8]byte
	rand.Read(raw[:])
	return &keyhaven.Instance{
		Entity: keyhaven.Entity{ID: "i-" + hex.EncodeToString(raw[:]), Account: account, Name: name, CreatedAt: s.time()},
		Region: region, State: keyhaven.InstancePending,
	}
}

// RegisterInstance registers a machine under a name in a region, or gives one
// that is there a new token: what it had from the old one is over, and a pending
// one runs from now on. A stopped one stays so. The answer is the only place where
// the token is ever seen. Errors: Invalid; LimitExceeded instance; Conflict
// instance when it is registered in another region; AlreadyExists instance as
// CreateInstances has it; NotFound account.
func (s *Service) RegisterInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (*keyhaven.Instance, keyhaven.Secret, error) {
	if !instanceName.MatchString(name) || !keyhaven.ValidRegionName(region) {
		return nil, keyhaven.Secret{}, invalid("A machine's name has 2 to 255 letters, digits and . _ - and its region is a region's name.")
	}
	var secret [32]byte
	rand.Read(secret[:])
	var i *keyhaven.Instance
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	sum := sha256.Sum256([]byte(token))
	err := s.meta.Update(ctx, func(tx *meta.Txn) error {
		a, err := tx.Account(account)
		if err != nil || a.Closed() {
			return failure(keyhaven.NotFound, keyhaven.NounAccount, string(account), "There is no open account "+string(account)+".")
		}
		i, err = tx.Instance(account, name)
		switch {
		case keyhaven.KindOf(err) == keyhaven.NotFound:
			i = s.newInstance(account, region, name)
			if err := errors.Join(roomForInstances(tx, account, 1), instanceNameFree(tx, account, region, name)); err != nil {
				return err
			}
		case err != nil:
			return err
		case i.Region != region:
			return failure(keyhaven.Conflict, keyhaven.NounInstance, name, "The machine "+name+" is registered in the region "+i.Region+".")
		}
		if i.State == keyhaven.InstancePending {
			i.State = keyhaven.InstanceRunning
		}
		i.Token, i.Since = hex.EncodeToString(sum[:]), s.now().UTC()
		return tx.PutEntity(i)
	})
	if err != nil {
		return nil, keyhaven.Secret{}, err
	}
	return i, keyhaven.NewSecret(keyhaven.MachineToken + i.ID + "." + token), nil
}

// Instances returns the registered machines of an account.
func (s *Service) Instances(ctx context.Context, account keyhaven.AccountID) (all []*keyhaven.Instance, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		all = nil
		return meta.Entities(r, account, "", func(i *keyhaven.Instance) (bool, error) {
			all = append(all, i)
			return true, nil
		})
	})
	return all, err
}

// RemoveInstance forgets a machine: its credentials are over at once, and no bucket
// is open for it any more. Errors:
// NotFound instance.
func (s *Service) RemoveInstance(ctx context.Context, account keyhaven.AccountID, name string) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		i, err := tx.Instance(account, name)
		if err != nil {
			return failure(keyhaven.NotFound, keyhaven.NounInstance, name, "There is no machine "+name+".")
		}
		return forgetInstance(tx, i)
	})
}
