package identity

import (
	"context"
	"slices"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	// MaxInstances is how many machines an account may have.
	MaxInstances = 1000
	instancePage = 100
)

// CreateInstancesInput describes machines that are alike but for their names.
type CreateInstancesInput struct {
	Account   keyhaven.AccountID
	Region    string
	Names     []string
	Zone      string
	Bundle    string
	Blueprint string
	Tags      []keyhaven.Tag
}

// CreateInstances makes pending machines, all of them or none; RegisterInstance
// then gives each its token. Errors: Invalid tag, resource; LimitExceeded tag,
// instance; AlreadyExists instance when a name is in use by a machine of the
// account, in whatever letters, or by a bucket of it in the region.
func (s *Service) CreateInstances(ctx context.Context, in CreateInstancesInput) (ops []keyhaven.Operation, err error) {
	if err := keyhaven.ValidateTags(in.Tags); err != nil {
		return nil, err
	}
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		ops = nil
		if err := roomForInstances(tx, in.Account, len(in.Names)); err != nil {
			return err
		}
		for _, name := range in.Names {
			if !instanceName.MatchString(name) {
				return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounResource, ID: name}
			}
			if err := instanceNameFree(tx, in.Account, in.Region, name); err != nil {
				return err
			}
			i := s.newInstance(in.Account, in.Region, name)
			i.Zone, i.BundleID, i.Blueprint, i.Tags = in.Zone, in.Bundle, in.Blueprint, in.Tags
			if err := tx.PutEntity(i); err != nil {
				return err
			}
			op, err := s.recordInstance(tx, i, "CreateInstance")
			if err != nil {
				return err
			}
			ops = append(ops, op)
		}
		return nil
	})
	return ops, err
}

// roomForInstances refuses n more machines than an account may have.
func roomForInstances(tx *meta.Txn, account keyhaven.AccountID, n int) error {
	have, err := tx.CountEntities(account, meta.EntityInstance)
	if err == nil && have+n > MaxInstances {
		return &keyhaven.Error{Kind: keyhaven.LimitExceeded, Noun: keyhaven.NounInstance}
	}
	return err
}

func instanceNameFree(tx *meta.Txn, account keyhaven.AccountID, region, name string) error {
	taken, err := tx.EntityTaken(account, meta.EntityInstance, name)
	if err != nil {
		return err
	}
	b, err := tx.Bucket(name)
	switch {
	case err == nil:
		taken = taken || b.Account == account && b.Region == region
	case keyhaven.KindOf(err) != keyhaven.NotFound:
		return err
	}
	if taken {
		return &keyhaven.Error{Kind: keyhaven.AlreadyExists, Noun: keyhaven.NounInstance, ID: name}
	}
	return nil
}

// recordInstance writes the operation of a change to a machine.
func (s *Service) recordInstance(tx *meta.Txn, i *keyhaven.Instance, typ string) (keyhaven.Operation, error) {
	op := keyhaven.Operation{
		Account: i.Account, Region: i.Region, ResourceName: i.Name, ResourceType: "Instance", Type: typ, CreatedAt: s.now().UTC(),
	}
	err := tx.PutOperation(&op) // gives op its id
	return op, err
}

func findInstance(r *meta.Reader, account keyhaven.AccountID, region, name string) (*keyhaven.Instance, error) {
	i, err := r.Instance(account, name)
	if err == nil && i.Region != region {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounInstance, ID: name}
	}
	return i, err
}

// Instance returns a machine of the account in a region. Errors: NotFound instance.
func (s *Service) Instance(ctx context.Context, account keyhaven.AccountID, region, name string) (i *keyhaven.Instance, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		i, err = findInstance(r, account, region, name)
		return err
	})
	return i, err
}

// InstancesIn returns a page of the machines of an account in a region, in order
// of their names in lower case, and the token of the next page. Errors: Invalid
// page token.
func (s *Service) InstancesIn(ctx context.Context, account keyhaven.AccountID, region, token string) (page []*keyhaven.Instance, next string, err error) {
	if token != "" && !instanceName.MatchString(token) { // the name of the last machine of a page
		return nil, "", &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPageToken, ID: token}
	}
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		page, next = nil, ""
		return meta.Entities(r, account, token, func(i *keyhaven.Instance) (bool, error) {
			switch {
			case i.Region != region:
			case len(page) == instancePage:
				next = page[len(page)-1].Name
				return false, nil
			default:
				page = append(page, i)
			}
			return true, nil
		})
	})
	return page, next, err
}

// StartInstance lets the credentials of a machine work again; those that were
// made before it was stopped do too, while they last. Errors: NotFound instance;
// Conflict instance for one that is pending.
func (s *Service) StartInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error) {
	return s.turnInstance(ctx, account, region, name, "StartInstance", func(i *keyhaven.Instance) { i.State = keyhaven.InstanceRunning })
}

// StopInstance refuses a machine's credentials, and new ones, from the next request
// on. Errors: as StartInstance.
func (s *Service) StopInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error) {
	return s.turnInstance(ctx, account, region, name, "StopInstance", func(i *keyhaven.Instance) { i.State = keyhaven.InstanceStopped })
}

// RebootInstance ends the credentials that a machine has got so far, as a machine
// that boots has none. Its token stays. Errors: as StartInstance, and Conflict
// instance for one that is stopped.
func (s *Service) RebootInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error) {
	return s.changeInstance(ctx, account, region, name, "RebootInstance", func(tx *meta.Txn, i *keyhaven.Instance) error {
		if i.State != keyhaven.InstanceRunning {
			return &keyhaven.Error{Kind: keyhaven.Conflict, Noun: keyhaven.NounInstance, ID: name}
		}
		i.Since = s.now().UTC()
		return tx.PutEntity(i)
	})
}

func (s *Service) turnInstance(ctx context.Context, account keyhaven.AccountID, region, name, typ string, turn func(*keyhaven.Instance)) (keyhaven.Operation, error) {
	return s.changeInstance(ctx, account, region, name, typ, func(tx *meta.Txn, i *keyhaven.Instance) error {
		if i.State == keyhaven.InstancePending {
			return &keyhaven.Error{Kind: keyhaven.Conflict, Noun: keyhaven.NounInstance, ID: name}
		}
		turn(i)
		return tx.PutEntity(i)
	})
}

// DeleteInstance is RemoveInstance for the API. Errors: NotFound instance.
func (s *Service) DeleteInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error) {
	return s.changeInstance(ctx, account, region, name, "DeleteInstance", forgetInstance)
}

// TagInstance puts tags on a machine, replacing those with the same keys. Errors:
// NotFound instance; Invalid or LimitExceeded tag.
func (s *Service) TagInstance(ctx context.Context, account keyhaven.AccountID, region, name string, tags []keyhaven.Tag) (keyhaven.Operation, error) {
	return s.changeInstance(ctx, account, region, name, "TagResource", func(tx *meta.Txn, i *keyhaven.Instance) error {
		if err := keyhaven.ValidateTags(tags); err != nil {
			return err
		}
		i.Tags = keyhaven.MergeTags(i.Tags, tags)
		if err := keyhaven.ValidateTags(i.Tags); err != nil {
			return err
		}
		return tx.PutEntity(i)
	})
}

// UntagInstance takes tags off a machine. Errors: NotFound instance.
func (s *Service) UntagInstance(ctx context.Context, account keyhaven.AccountID, region, name string, keys []string) (keyhaven.Operation, error) {
	return s.changeInstance(ctx, account, region, name, "UntagResource", func(tx *meta.Txn, i *keyhaven.Instance) error {
		i.Tags = keyhaven.RemoveTags(i.Tags, keys)
		return tx.PutEntity(i)
	})
}

// changeInstance runs fn, which stores what it does, and records the operation.
func (s *Service) changeInstance(ctx context.Context, account keyhaven.AccountID, region, name, typ string, fn func(*meta.Txn, *keyhaven.Instance) error) (op keyhaven.Operation, err error) {
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		i, err := findInstance(&tx.Reader, account, region, name)
		if err != nil {
			return err
		}
		if err := fn(tx, i); err != nil {
			return err
		}
		op, err = s.recordInstance(tx, i, typ)
		return err
	})
	return op, err
}

// forgetInstance removes a machine, and what buckets know of it.
func forgetInstance(tx *meta.Txn, i *keyhaven.Instance) error {
	var open []*keyhaven.Bucket
	err := tx.Buckets(i.Account, "", func(b *keyhaven.Bucket) bool {
		if slices.Contains(b.Receivers, i.ID) {
			open = append(open, b)
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, b := range open {
		b.Receivers = slices.DeleteFunc(b.Receivers, func(id string) bool { return id == i.ID })
		if err := tx.PutBucket(b); err != nil {
			return err
		}
	}
	return tx.DeleteEntity(i)
}
