package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/dirtarget"
	"github.com/keyhaven/keyhaven/internal/backup/s3target"
	"github.com/keyhaven/keyhaven/internal/control"
)

type backupCmd struct {
	Create backupCreateCmd `cmd:"" default:"withargs" help:"Make a backup (the default)."`
	List   backupListCmd   `cmd:"" help:"List the backups of a target."`
	Verify backupVerifyCmd `cmd:"" help:"Read a whole backup and compare it with its checksums."`
	Prune  backupPruneCmd  `cmd:"" help:"Delete old backups, and what no other backup needs."`
}

const targetHelp = "A target is a directory, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME with the credentials in " +
	"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."

type backupCreateCmd struct {
	Data        string `help:"Directory of the server's data." default:"data" placeholder:"DIR" type:"path"`
	To          string `help:"Where the backup goes." required:"" placeholder:"TARGET"`
	WithKeyRing bool   `help:"Put the key ring into the target: whoever reads the target then has all secrets."`
	Full        bool   `help:"Copy everything again, also what the target holds."`
}

// Help is what --help says beside the flags.
func (backupCreateCmd) Help() string {
	return "Backs up the running server or, when none runs, the directory. Only what the target does not hold is copied. " +
		"Keys are backed up sealed: to restore them you need the key ring, keyring.json of the data directory. " + targetHelp
}

// targetArgs name a target to the running server.
type targetArgs struct {
	To           string `json:"to"`
	AccessKeyID  string `json:"access_key_id,omitempty"`
	Secret       string `json:"secret,omitempty"`
	SessionToken string `json:"session_token,omitempty"`
}

// Format keeps the secrets out of everything that prints them, with any verb.
func (a targetArgs) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.To) }

type backupArgs struct {
	Target      targetArgs `json:"target"`
	WithKeyRing bool       `json:"with_key_ring,omitempty"`
	Full        bool       `json:"full,omitempty"`
}

// backupLine is one line of the running server's answer.
type backupLine struct {
	Progress *backup.Progress `json:"progress,omitempty"`
	Made     *madeBackup      `json:"made,omitempty"`
}

// madeBackup is what is said of a backup that was made.
type madeBackup struct {
	ID      string       `json:"id"`
	Records int64        `json:"records"` // small objects
	Blobs   int64        `json:"blobs"`
	Bytes   int64        `json:"bytes"` // of the blobs
	Added   backup.Added `json:"added"`
}

// Run makes a backup, wherever the directory is open.
func (c *backupCreateCmd) Run(sys *system) error {
	args := backupArgs{WithKeyRing: c.WithKeyRing, Full: c.Full}
	var err error
	if args.Target, err = sys.target(c.To); err != nil {
		return err
	}
	if inside(c.Data, args.Target.To) {
		return errors.New("--to is in the data directory: whatever befalls that would befall the backup")
	}
	var made *madeBackup
	p := told(newProgress(sys.stderr))
	err = control.Call(sys.ctx, filepath.Join(c.Data, controlSocket), "backup", args, func(raw json.RawMessage) error {
		var line backupLine
		if err := json.Unmarshal(raw, &line); err != nil {
			return err
		}
		if line.Progress != nil {
			p(*line.Progress)
		}
		if line.Made != nil {
			made = line.Made
		}
		return nil
	})
	if errors.Is(err, control.ErrNotRunning) {
		made, err = c.offline(sys, args, p)
	}
	if err != nil {
		return err
	}
	if made == nil {
		return errors.New("the server did not say what it made")
	}
	if c.WithKeyRing {
		fmt.Fprintln(sys.stderr, "warning: the key ring is in the target now; who can read the target can open every secret access key")
	}
	_, err = fmt.Fprintf(sys.stdout, "backup %s: %d small objects, %d blobs with %s; copied %d and %d with %s\n",
		made.ID, made.Records, made.Blobs, size(made.Bytes), made.Added.Records, made.Added.Blobs, size(made.Added.Bytes))
	return err
}

func (c *backupCreateCmd) offline(sys *system, args backupArgs, p func(backup.Progress)) (made *madeBackup, err error) {
	d, err := openStopped(sys, c.Data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.backUp(sys.ctx, args, p)
}

// backupCommand makes a backup in the running server.
func backupCommand(d *dataDir) control.Command {
	return func(ctx context.Context, raw json.RawMessage, report func(any) error) error {
		var args backupArgs
		if err := json.Unmarshal(raw, &args); err != nil {
			return errors.New("the arguments cannot be read") // the error might quote them
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		pass, done := passOn(report, cancel)
		made, err := d.backUp(ctx, args, pass)
		done()
		if err != nil {
			return err
		}
		return report(backupLine{Made: made})
	}
}

// passOn reports progress without ever waiting for the reader: who has stopped
// reading must not stop a backup that keeps space from being freed. Who has gone
// away ends it.
func passOn(report func(any) error, gone func()) (pass func(backup.Progress), done func()) {
	lines := make(chan backup.Progress, 64)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for p := range lines {
			if report(backupLine{Progress: &p}) != nil {
				gone()
			}
		}
	}()
	pass = func(p backup.Progress) {
		select {
		case lines <- p:
		default:
		}
	}
	return pass, func() { close(lines); <-ended }
}

// backUp makes a backup of an open directory.
func (d *dataDir) backUp(ctx context.Context, args backupArgs, report func(backup.Progress)) (*madeBackup, error) {
	to, err := openTarget(args.Target)
	if err != nil {
		return nil, err
	}
	in := backup.Input{To: to, Full: args.Full, Report: report}
	if args.WithKeyRing {
		if in.KeyRing, err = os.ReadFile(filepath.Join(d.path, keyRingFile)); err != nil {
			return nil, err
		}
	}
	m, err := backup.New(d.meta, d.blobs, d.pins, backup.Options{
		Release: version, StoreFormat: formatVersion, SpoolDir: d.path,
	}).Run(ctx, in)
	if err != nil {
		return nil, err
	}
	return &madeBackup{ID: m.ID, Records: m.Data.Records, Blobs: m.Blobs.Blobs, Bytes: m.Blobs.Bytes, Added: m.Added}, nil
}

// target reads a target of the command line and adds the credentials that the
// environment has.
func (s *system) target(raw string) (targetArgs, error) {
	if !s3target.IsURL(raw) {
		path, err := filepath.Abs(raw)
		return targetArgs{To: path}, err
	}
	if _, err := s3target.Parse(raw); err != nil {
		return targetArgs{}, err
	}
	a := targetArgs{To: raw}
	a.AccessKeyID, _ = s.getenv("AWS_ACCESS_KEY_ID")
	a.Secret, _ = s.getenv("AWS_SECRET_ACCESS_KEY")
	a.SessionToken, _ = s.getenv("AWS_SESSION_TOKEN")
	if a.AccessKeyID == "" || a.Secret == "" {
		return a, errors.New("an S3 target needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
	}
	return a, nil
}

func openTarget(a targetArgs) (backup.Target, error) {
	if !s3target.IsURL(a.To) {
		if !filepath.IsAbs(a.To) {
			return nil, fmt.Errorf("%q is not an absolute path", a.To)
		}
		return dirtarget.Open(a.To), nil
	}
	at, err := s3target.Parse(a.To)
	if err != nil {
		return nil, err
	}
	return s3target.Open(at, s3target.Credentials{
		AccessKeyID: a.AccessKeyID, Secret: keyhaven.NewSecret(a.Secret), SessionToken: keyhaven.NewSecret(a.SessionToken),
	}, s3target.Options{}), nil
}

// inside reports whether path is the directory or below it.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// open opens a target that is only read, or pruned.
func (s *system) open(raw string) (backup.Target, error) {
	a, err := s.target(raw)
	if err != nil {
		return nil, err
	}
	return openTarget(a)
}

type fromFlag struct {
	From string `help:"Where the backups are." required:"" placeholder:"TARGET"`
}

// Help is what --help says beside the flags.
func (fromFlag) Help() string { return targetHelp }

type backupListCmd struct{ fromFlag }

// Run lists the backups, oldest first.
func (c *backupListCmd) Run(sys *system) error {
	from, err := sys.open(c.From)
	if err != nil {
		return err
	}
	list, err := backup.List(sys.ctx, from)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(sys.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tCREATED\tSMALL OBJECTS\tBLOBS\tSIZE\tADDED\tRELEASE")
	for _, l := range list {
		m := l.Manifest
		if m == nil {
			fmt.Fprintf(w, "%s\t%v\n", l.ID, l.Err)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\t%s\n", m.ID, m.Created.Format(time.RFC3339), m.Data.Records, m.Blobs.Blobs,
			size(m.Blobs.Bytes), size(m.Added.Bytes), m.Release)
	}
	return w.Flush()
}

type backupVerifyCmd struct {
	fromFlag
	ID string `help:"Which backup; the newest when none is named." placeholder:"ID"`
}

// Run reads a backup.
func (c *backupVerifyCmd) Run(sys *system) error {
	from, err := sys.open(c.From)
	if err != nil {
		return err
	}
	m, err := backup.Find(sys.ctx, from, c.ID)
	if err != nil {
		return err
	}
	if err := backup.Verify(sys.ctx, from, m, told(newProgress(sys.stderr))); err != nil {
		return fmt.Errorf("backup %s is not sound (keyhaven backup --full copies everything anew): %w", m.ID, err)
	}
	_, err = fmt.Fprintf(sys.stdout, "backup %s is sound\n", m.ID)
	return err
}

type backupPruneCmd struct {
	fromFlag
	Keep int `help:"How many backups are kept, the newest ones." required:"" placeholder:"N"`
}

// Run deletes old backups.
func (c *backupPruneCmd) Run(sys *system) error {
	from, err := sys.open(c.From)
	if err != nil {
		return err
	}
	out, err := backup.Prune(sys.ctx, from, c.Keep, slog.New(slog.NewTextHandler(sys.stderr, nil)))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sys.stdout, "deleted %d backups and %d files with %s %s\n", len(out.Backups), out.Files, size(out.Bytes), strings.Join(out.Backups, " "))
	return err
}

// told tells how far a backup is: a line at the end of every step, and what is
// shown in between.
func told(p *progress) func(backup.Progress) {
	return func(at backup.Progress) {
		text := func() string { return fmt.Sprintf("%s: %d, %s", at.Step, at.Items, size(at.Bytes)) }
		switch {
		case at.Note != "":
			p.line("note: " + at.Note)
		case at.Done:
			p.line(text())
		default:
			p.show(func() string { return text() + " …" })
		}
	}
}
