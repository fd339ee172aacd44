package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/identity"
)

type accountCmd struct {
	Create accountCreateCmd `cmd:"" help:"Make an account and an access key of its root."`
	List   accountListCmd   `cmd:"" help:"List the accounts."`
	Close  accountCloseCmd  `cmd:"" help:"Close an account without buckets for ever, with its users, keys, roles and policies."`
}

// accountArgs are what a command asks for.
type accountArgs struct {
	Verb string             `json:"verb"`
	Name string             `json:"name,omitempty"`
	ID   keyhaven.AccountID `json:"id,omitempty"`
}

// accountLine is one account in the answer.
type accountLine struct {
	ID          keyhaven.AccountID `json:"id"`
	CanonicalID string             `json:"canonical_id"`
	Name        string             `json:"name,omitempty"`
	Alias       string             `json:"alias,omitempty"`
	Created     time.Time          `json:"created"`
	Closed      time.Time          `json:"closed,omitzero"`
	AccessKeyID string             `json:"access_key_id,omitempty"`
	Secret      string             `json:"secret,omitempty"`
}

// Format keeps the secret out of everything that prints the line, with any verb.
func (l accountLine) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "account "+string(l.ID)) }

func accountLineOf(a *keyhaven.Account) accountLine {
	return accountLine{ID: a.ID, CanonicalID: a.CanonicalID, Name: a.Name, Alias: a.Alias, Created: a.CreatedAt, Closed: a.ClosedAt}
}

// accountFlags name the installation.
type accountFlags struct {
	Data string `help:"Directory of the server's data." default:"data" placeholder:"DIR" type:"path"`
}

// call runs a command in the running server or, when none runs, by itself.
func (f accountFlags) call(sys *system, args accountArgs, each func(accountLine) error) error {
	return operate(sys, f.Data, "account", args, each, func(d *dataDir, trail *audit.Log) error {
		keys := access.New(d.meta, d.ring, access.Options{})
		return errors.Join(runAccount(sys.ctx, identity.New(d.meta, d.ring, identity.Options{}), keys, trail, args, each), keys.Close())
	})
}

// runAccount does what the command asks for.
func runAccount(ctx context.Context, ids *identity.Service, keys *access.Service, trail *audit.Log, args accountArgs, each func(accountLine) error) error {
	switch args.Verb {
	case "create":
		return createAccount(ctx, ids, keys, trail, args, each)
	case "list":
		all, err := ids.Accounts(ctx)
		if err != nil {
			return err
		}
		for _, a := range all {
			if err := each(accountLineOf(a)); err != nil {
				return err
			}
		}
		return nil
	case "close":
		_, err := ids.CloseAccount(ctx, args.ID)
		return deed{event: "CloseAccount", account: args.ID}.record(ctx, trail, sentence(err))
	}
	return fmt.Errorf("account: unknown command %q", args.Verb)
}

func createAccount(ctx context.Context, ids *identity.Service, keys *access.Service, trail *audit.Log, args accountArgs, each func(accountLine) error) error {
	done := deed{event: "CreateAccount", account: args.ID, parameters: map[string]string{"name": args.Name}}
	a, _, err := ids.CreateAccount(ctx, identity.AccountInput{Name: args.Name, ID: args.ID})
	if err != nil {
		return done.record(ctx, trail, sentence(err))
	}
	key, err := keys.CreateRootKey(ctx, a.ID)
	if err != nil {
		return done.record(ctx, trail, err)
	}
	done.account, done.elements = a.ID, map[string]string{"account": string(a.ID), "accessKeyId": key.ID}
	line := accountLineOf(a)
	line.AccessKeyID, line.Secret = key.ID, key.Secret.Reveal()
	return errors.Join(done.record(ctx, trail, nil), each(line))
}

// sentence is what a person should read of an error.
func sentence(err error) error {
	if e, ok := errors.AsType[*keyhaven.Error](err); ok && e.Msg != "" {
		return errors.New(e.Msg)
	}
	return err
}

type accountCreateCmd struct {
	accountFlags
	Name string `arg:"" help:"What you call it."`
	ID   string `help:"Twelve digits; chosen at random when not given." placeholder:"ID"`
}

// Run makes an account and prints its root's key, secret included: this is the
// only time.
func (c *accountCreateCmd) Run(sys *system) error {
	return c.call(sys, accountArgs{Verb: "create", Name: c.Name, ID: keyhaven.AccountID(c.ID)}, func(l accountLine) error {
		_, err := fmt.Fprintf(sys.stdout, "  Account             %s\n  Canonical id        %s\n", l.ID, l.CanonicalID)
		if err != nil {
			return err
		}
		return printKey(sys.stdout, l.AccessKeyID, keyhaven.NewSecret(l.Secret))
	})
}

type accountListCmd struct {
	accountFlags
}

// Run lists the accounts.
func (c *accountListCmd) Run(sys *system) error {
	w := tabwriter.NewWriter(sys.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ACCOUNT\tNAME\tALIAS\tCREATED\tSTATE")
	err := c.call(sys, accountArgs{Verb: "list"}, func(l accountLine) error {
		state := "open"
		if !l.Closed.IsZero() {
			state = "closed " + l.Closed.Format(time.RFC3339)
		}
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.ID, dash(l.Name), dash(l.Alias), l.Created.Format(time.RFC3339), state)
		return err
	})
	return errors.Join(err, w.Flush())
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type accountCloseCmd struct {
	accountFlags
	ID string `arg:"" help:"Id of the account."`
}

// Run closes an account.
func (c *accountCloseCmd) Run(sys *system) error {
	return c.call(sys, accountArgs{Verb: "close", ID: keyhaven.AccountID(c.ID)}, func(accountLine) error { return nil })
}
