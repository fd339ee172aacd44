package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
	"path/filepath"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/control"
)

// operate runs a command in the running server or, when none runs, alone on the
// data of the stopped one, and calls each for every line of the answer.
func operate[L any](sys *system, data, name string, args any, each func(L) error, alone func(*dataDir, *audit.Log) error) error {
	err := control.Call(sys.ctx, filepath.Join(data, controlSocket), name, args, func(raw json.RawMessage) error {
		var line L
		if err := json.Unmarshal(raw, &line); err != nil {
			return err
		}
		return each(line)
	})
	if !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	d, err := openStopped(sys, data)
	if err != nil {
		return err
	}
	return errors.Join(recorded(data, func(trail *audit.Log) error { return alone(d, trail) }), d.Close())
}

// recorded runs what belongs into the audit log of a server that does not run.
func recorded(data string, run func(*audit.Log) error) error {
	trail, err := audit.Open(filepath.Join(data, auditDir), audit.Options{})
	if err != nil {
		return err
	}
	return errors.Join(run(trail), trail.Close())
}

// serverCommand makes a command of the running server.
func serverCommand[A, L any](name string, run func(ctx context.Context, args A, each func(L) error) error) control.Command {
	return func(ctx context.Context, raw json.RawMessage, report func(any) error) error {
		var args A
		if err := json.Unmarshal(raw, &args); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return run(ctx, args, func(l L) error { return report(l) })
	}
}

// deed is what an operator did.
type deed struct {
	event      string
	account    keyhaven.AccountID
	parameters map[string]string
	elements   map[string]string // of the answer; never a secret
}

// record records what an operator did, or tried to. Whoever may run a command on
// the data is an operator; which of them it was, the record tells by the name of the
// process's user.
func (e deed) record(ctx context.Context, trail *audit.Log, failure error) error {
	id := audit.Identity{Type: "Operator", AccountID: string(e.account)}
	if u, err := user.Current(); err == nil {
		id.UserName = u.Username
	}
	ev := &audit.Event{
		UserIdentity: id, EventSource: "operator.keyhaven", EventName: e.event, AWSRegion: "us-east-1",
		SourceIPAddress: "local", UserAgent: "keyhaven/" + version, RecipientAccountID: string(e.account),
	}
	ev.RequestParameters, _ = json.Marshal(e.parameters)
	if failure != nil {
		ev.ErrorCode, ev.ErrorMessage = "OperatorError", failure.Error()
	} else {
		ev.ResponseElements, _ = json.Marshal(e.elements)
	}
	if err := trail.Append(context.WithoutCancel(ctx), ev); err != nil {
		return errors.Join(failure, fmt.Errorf("what was done could not be recorded: %w", err))
	}
	return failure
}
