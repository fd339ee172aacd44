package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
)

type rootCmd struct {
	CreateAccessKey createRootKeyCmd `cmd:"" help:"Make an access key of the root, as when all are lost."`
	ListAccessKeys  listRootKeysCmd  `cmd:"" help:"List the access keys of the root."`
	DeleteAccessKey deleteRootKeyCmd `cmd:"" help:"Delete an access key of the root."`
}

// rootFlags are what every command on the data directory needs.
type rootFlags struct {
	Data    string `help:"Directory of the server's data." default:"data" placeholder:"DIR" type:"path"`
	Account string `help:"Account whose root is meant; the one the installation began with when not given." placeholder:"ID"`
}

// with runs fn over the data directory, which must exist already.
func (f rootFlags) with(sys *system, fn func(*access.Service, keyhaven.AccountID) error) (err error) {
	d, err := openDataDir(sys.ctx, f.Data, settings{MustExist: true}, pebblekv.Options{})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := d.Close(); err == nil {
			err = closeErr
		}
	}()
	if d.fresh {
		return fmt.Errorf("data directory %s: it was never completely made: run keyhaven serve first", f.Data)
	}
	a := access.New(d.meta, d.ring, access.Options{})
	defer a.Close()
	account := d.account
	if f.Account != "" {
		account = keyhaven.AccountID(f.Account)
		if other, err := a.Account(sys.ctx, account); err != nil || other.Closed() {
			return fmt.Errorf("there is no open account %s", f.Account)
		}
	}
	if err := fn(a, account); err != nil || !d.keyless {
		return err
	}
	keys, err := a.RootKeys(sys.ctx, d.account)
	if err != nil || len(keys) == 0 {
		return err
	}
	return d.finish() // the root has a key now, and somebody has seen it
}

// recorded does what belongs into the audit log.
func (f rootFlags) recorded(sys *system, done deed, do func(*deed) error) error {
	return recorded(f.Data, func(trail *audit.Log) error {
		err := do(&done)
		return done.record(sys.ctx, trail, err)
	})
}

type createRootKeyCmd struct {
	rootFlags
}

// Run makes a key and prints it, secret included: this is the only time.
func (c *createRootKeyCmd) Run(sys *system) error {
	return c.with(sys, func(a *access.Service, account keyhaven.AccountID) error {
		var key *keyhaven.AccessKey
		err := c.recorded(sys, deed{event: "CreateRootAccessKey", account: account}, func(done *deed) (err error) {
			if key, err = a.CreateRootKey(sys.ctx, account); err == nil {
				done.elements = map[string]string{"accessKeyId": key.ID}
			}
			return err
		})
		if keyhaven.Is(err, keyhaven.LimitExceeded, keyhaven.NounAccessKey) {
			return fmt.Errorf("the root has two access keys already: delete one with keyhaven root delete-access-key (see list-access-keys)")
		}
		if err != nil {
			return err
		}
		return printKey(sys.stdout, key.ID, key.Secret)
	})
}

func printKey(w io.Writer, id string, secret keyhaven.Secret) error {
	_, err := fmt.Fprintf(w, "  Access key id       %s\n  Secret access key   %s\n", id, secret.Reveal())
	return err
}

type listRootKeysCmd struct {
	rootFlags
}

// Run lists the keys without their secrets.
func (c *listRootKeysCmd) Run(sys *system) error {
	return c.with(sys, func(a *access.Service, account keyhaven.AccountID) error {
		keys, err := a.RootKeys(sys.ctx, account)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(sys.stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "ACCESS KEY ID\tSTATUS\tCREATED\tLAST USED")
		for _, k := range keys {
			used := "-"
			if !k.LastUsed.Time.IsZero() {
				used = k.LastUsed.Time.Format(time.RFC3339) + " " + k.LastUsed.Service + " " + k.LastUsed.Region
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, k.Status, k.CreatedAt.Format(time.RFC3339), used)
		}
		return w.Flush()
	})
}

type deleteRootKeyCmd struct {
	rootFlags
	AccessKeyID string `arg:"" help:"Id of the key."`
}

// Run deletes a key.
func (c *deleteRootKeyCmd) Run(sys *system) error {
	return c.with(sys, func(a *access.Service, account keyhaven.AccountID) error {
		done := deed{event: "DeleteRootAccessKey", account: account, parameters: map[string]string{"accessKeyId": c.AccessKeyID}}
		return c.recorded(sys, done, func(*deed) error { return a.DeleteRootKey(sys.ctx, account, c.AccessKeyID) })
	})
}
