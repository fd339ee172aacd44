package object

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// Described is an object and the parts that it was made of.
type Described struct {
	keyhaven.Object
	Parts []keyhaven.Part // in order; nil for an object of one PUT
}

// Describe returns an object with its parts and without its bytes. Of the input
// the conditions and what names the object count. Errors: those of Get.
func (s *Service) Describe(ctx context.Context, in GetInput) (*Described, error) {
	d := &Described{}
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		v, err := find(r, in)
		if err != nil {
			return err
		}
		d.Object = v.Object
		if _, err := s.unseal(v.Encryption, v.Sealed.Key, in.CustomerKey); err != nil {
			return err
		}
		if err := (&Content{Object: v.Object}).check(in); err != nil || v.Data.Manifest.IsZero() {
			return err
		}
		parts, err := r.Manifest(v.Data.Manifest)
		if err != nil {
			return err
		}
		d.Parts = make([]keyhaven.Part, len(parts))
		for i := range parts {
			d.Parts[i] = parts[i].Part
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}
