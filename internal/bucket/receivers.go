package bucket

import (
	"context"
	"slices"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// ResourceAccessInput opens a bucket for a registered machine, or shuts it.
type ResourceAccessInput struct {
	Account  keyhaven.AccountID
	Region   string
	Name     string
	Instance string // its name
	Allow    bool
}

// SetResourceAccess opens a bucket for a machine of the same account and region,
// or shuts it, from the next request on. Errors: NotFound bucket, resource;
// Invalid for a machine that is neither running nor stopped.
func (s *Service) SetResourceAccess(ctx context.Context, in ResourceAccessInput) (keyhaven.Operation, error) {
	missing := &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounResource, ID: in.Instance}
	var i *keyhaven.Instance
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		i, err = r.Instance(in.Account, in.Instance)
		return err
	})
	switch {
	case keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounInstance), err == nil && i.Region != in.Region:
		return keyhaven.Operation{}, missing
	case err != nil:
		return keyhaven.Operation{}, err
	case i.State != keyhaven.InstanceRunning && i.State != keyhaven.InstanceStopped:
		return keyhaven.Operation{}, &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "The instance " + in.Instance + " is not running or stopped."}
	}
	t := target{account: in.Account, region: in.Region, name: in.Name}
	_, op, err := s.change(ctx, t, "SetResourceAccessForBucket", func(b *keyhaven.Bucket) error {
		rest := slices.DeleteFunc(slices.Clone(b.Receivers), func(id string) bool { return id == i.ID })
		if in.Allow {
			rest = append(rest, i.ID)
		}
		b.Receivers = rest
		return nil
	})
	return op, err
}

// Receivers returns the names of the machines that a bucket is open for. One that
// was removed since is left out.
func (s *Service) Receivers(ctx context.Context, b *keyhaven.Bucket) (names []string, err error) {
	if len(b.Receivers) == 0 {
		return nil, nil
	}
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		names, err = receivers(r, b)
		return err
	})
	return names, err
}

func receivers(r *meta.Reader, b *keyhaven.Bucket) (names []string, err error) {
	for _, id := range b.Receivers {
		i, err := r.InstanceByID(id)
		if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounInstance) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names = append(names, i.Name)
	}
	return names, nil
}
