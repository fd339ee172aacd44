package backup

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	ownerName   = "keyhaven-backup.json"
	ownerFormat = 1
)

// owner says whose backups a target holds.
type owner struct {
	Format       int       `json:"format"`
	Installation string    `json:"installation"`
	Created      time.Time `json:"created"`
}

// readOwner returns the owner of a target that holds backups.
func readOwner(ctx context.Context, t Target) (*owner, error) {
	var o owner
	err := getJSON(ctx, t, ownerName, &o)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("backup: %s is no keyhaven backup (it has no %s): %w", t, ownerName, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if o.Format != ownerFormat {
		return nil, fmt.Errorf("backup: %s has format %d and this release knows %d: it was written by a newer keyhaven", t, o.Format, ownerFormat)
	}
	return &o, nil
}

// claim makes an empty target the installation's, and refuses one that is
// somebody else's or holds other things.
func claim(ctx context.Context, t Target, installation string) error {
	o, err := readOwner(ctx, t)
	if err == nil {
		if o.Installation != installation {
			return fmt.Errorf("backup: %s holds the backups of another installation (%s)", t, o.Installation)
		}
		return nil
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	for f, err := range t.List(ctx, "") {
		if err != nil {
			return fmt.Errorf("backup: list %s: %w", t, err)
		}
		return fmt.Errorf("backup: %s is not empty and no keyhaven backup (it holds %q and no %s)", t, f.Name, ownerName)
	}
	return putJSON(ctx, t, ownerName, owner{Format: ownerFormat, Installation: installation, Created: time.Now().UTC()})
}
