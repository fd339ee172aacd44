package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/identity"
)

type instanceCmd struct {
	Register instanceRegisterCmd `cmd:"" help:"Register a machine that uses buckets without keys, and print its token, once."`
	List     instanceListCmd     `cmd:"" help:"List the registered machines."`
	Remove   instanceRemoveCmd   `cmd:"" help:"Forget a machine; its credentials are over at once."`
}

// instanceArgs are what a command asks for.
type instanceArgs struct {
	Verb    string             `json:"verb"`
	Account keyhaven.AccountID `json:"account,omitempty"`
	Region  string             `json:"region,omitempty"`
	Name    string             `json:"name,omitempty"`
}

// instanceLine is one machine in the answer.
type instanceLine struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Region string `json:"region"`
	State  string `json:"state,omitempty"`
	Token  string `json:"token,omitempty"`
}

// Format keeps the token out of everything that prints the line, with any verb.
func (l instanceLine) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "instance "+l.ID) }

type instanceFlags struct {
	Data    string `help:"Directory of the server's data." default:"data" placeholder:"DIR" type:"path"`
	Account string `help:"Account of the machine; the one the installation began with when not given." placeholder:"ID"`
}

// call runs a command in the running server or, when none runs, by itself.
func (f instanceFlags) call(sys *system, args instanceArgs, each func(instanceLine) error) error {
	args.Account = keyhaven.AccountID(f.Account)
	return operate(sys, f.Data, "instance", args, each, func(d *dataDir, trail *audit.Log) error {
		return runInstance(sys.ctx, d, trail, args, each)
	})
}

func runInstance(ctx context.Context, d *dataDir, trail *audit.Log, args instanceArgs, each func(instanceLine) error) error {
	ids := identity.New(d.meta, d.ring, identity.Options{})
	if args.Account == "" {
		args.Account = d.account
	}
	switch args.Verb {
	case "register":
		i, token, err := ids.RegisterInstance(ctx, args.Account, args.Region, args.Name)
		done := deed{event: "RegisterInstance", account: args.Account, parameters: map[string]string{"name": args.Name, "region": args.Region}}
		if err != nil {
			return done.record(ctx, trail, sentence(err))
		}
		done.elements = map[string]string{"instanceId": i.ID}
		return errors.Join(done.record(ctx, trail, nil), each(instanceLine{ID: i.ID, Name: i.Name, Region: i.Region, Token: token.Reveal()}))
	case "list":
		all, err := ids.Instances(ctx, args.Account)
		if err != nil {
			return err
		}
		for _, i := range all {
			if err := each(instanceLine{ID: i.ID, Name: i.Name, Region: i.Region, State: i.State}); err != nil {
				return err
			}
		}
		return nil
	case "remove":
		err := sentence(ids.RemoveInstance(ctx, args.Account, args.Name))
		return deed{event: "RemoveInstance", account: args.Account, parameters: map[string]string{"name": args.Name}}.record(ctx, trail, err)
	}
	return fmt.Errorf("instance: unknown command %q", args.Verb)
}

type instanceRegisterCmd struct {
	instanceFlags
	Name   string `arg:"" help:"Name of the machine."`
	Region string `help:"Region of the machine: that of the buckets it uses." default:"us-east-1"`
}

// Run registers a machine and prints its token: this is the only time.
func (c *instanceRegisterCmd) Run(sys *system) error {
	return c.call(sys, instanceArgs{Verb: "register", Region: c.Region, Name: c.Name}, func(l instanceLine) error {
		_, err := fmt.Fprintf(sys.stdout, "  Machine   %s (%s)\n  Token     %s\n\nOn the machine, with ENDPOINT for the server's address:\n\n"+
			"  export AWS_CONTAINER_CREDENTIALS_FULL_URI=ENDPOINT/-/credentials\n  export AWS_CONTAINER_AUTHORIZATION_TOKEN=%s\n", l.Name, l.ID, l.Token, l.Token)
		return err
	})
}

type instanceListCmd struct {
	instanceFlags
}

// Run lists the machines.
func (c *instanceListCmd) Run(sys *system) error {
	w := tabwriter.NewWriter(sys.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tREGION\tSTATE\tID")
	err := c.call(sys, instanceArgs{Verb: "list"}, func(l instanceLine) error {
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Name, l.Region, l.State, l.ID)
		return err
	})
	return errors.Join(err, w.Flush())
}

type instanceRemoveCmd struct {
	instanceFlags
	Name string `arg:"" help:"Name of the machine."`
}

// Run forgets a machine.
func (c *instanceRemoveCmd) Run(sys *system) error {
	return c.call(sys, instanceArgs{Verb: "remove", Name: c.Name}, func(instanceLine) error { return nil })
}
