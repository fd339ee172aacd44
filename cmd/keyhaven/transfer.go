package main

import (
	"errors"
	"fmt"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/transfer"
)

type importCmd struct {
	S3    importS3Cmd    `cmd:"" name:"s3" help:"Copy buckets from another S3 server."`
	MinIO importMinIOCmd `cmd:"" name:"minio" help:"Take over users, keys, groups and policies from MinIO, and copy its buckets."`
}

type importS3Cmd struct {
	Endpoint    string   `help:"Address of the server to copy from." required:"" placeholder:"URL"`
	Region      string   `help:"Region of that server." default:"us-east-1"`
	VirtualHost bool     `help:"Its buckets are hosts, as with AWS; else paths."`
	To          string   `help:"Address of this server." default:"http://127.0.0.1:9000" placeholder:"URL"`
	ToRegion    string   `help:"Region for buckets that are made." default:"us-east-1"`
	Bucket      []string `help:"Bucket to copy; may be repeated. All when left out." placeholder:"NAME"`
	Prefix      string   `help:"Only keys that begin so."`
	Workers     int      `help:"Keys that are copied at the same time." default:"8"`
}

// Help is what --help says beside the flags.
func (importS3Cmd) Help() string {
	return "Copies objects with versions, delete markers, tags, metadata and public ACLs, and verifies every byte. Credentials of the other server: " +
		"SOURCE_ACCESS_KEY_ID and SOURCE_SECRET_ACCESS_KEY; of this one: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. " +
		"Run again it copies what is missing. Times of modification become those of the copy."
}

// The commands, as the logs of the servers tell them: what they do there is recorded as
// calls of whose credentials they have.
const (
	importApp = "keyhaven-import"
	exportApp = "keyhaven-export"
)

// endpoint reads the credentials of a server from the environment.
func endpoint(sys *system, app, prefix, url, region string) (transfer.Endpoint, error) {
	id, _ := sys.getenv(prefix + "_ACCESS_KEY_ID")
	secret, _ := sys.getenv(prefix + "_SECRET_ACCESS_KEY")
	token, _ := sys.getenv(prefix + "_SESSION_TOKEN")
	if id == "" || secret == "" {
		return transfer.Endpoint{}, fmt.Errorf("set %[1]s_ACCESS_KEY_ID and %[1]s_SECRET_ACCESS_KEY for %[2]s", prefix, url)
	}
	return transfer.Endpoint{
		App: app, URL: url, Region: region, AccessKeyID: id, Secret: keyhaven.NewSecret(secret), SessionToken: keyhaven.NewSecret(token),
	}, nil
}

// Run copies.
func (c *importS3Cmd) Run(sys *system) error {
	from, err := endpoint(sys, importApp, "SOURCE", c.Endpoint, c.Region)
	if err != nil {
		return err
	}
	from.VirtualHost = c.VirtualHost
	to, err := endpoint(sys, importApp, "AWS", c.To, c.ToRegion)
	if err != nil {
		return err
	}
	p := newProgress(sys.stdout)
	done, err := transfer.Import(sys.ctx, from.Client(), to.Client(), transfer.ImportOptions{
		Buckets: c.Bucket, Prefix: c.Prefix, Workers: c.Workers, Progress: showing(p),
		Failed: func(bucket, key string, err error) { p.line(fmt.Sprintf("failed: %s/%q: %v", bucket, key, err)) },
	})
	p.line("done. " + text(done))
	if err == nil && done.Failed > 0 {
		err = fmt.Errorf("%d keys could not be copied: run the command again", done.Failed)
	}
	return err
}

type exportCmd struct {
	To       string   `help:"Directory to write to." required:"" placeholder:"DIR" type:"path"`
	Endpoint string   `help:"Address of the server." default:"http://127.0.0.1:9000" placeholder:"URL"`
	Region   string   `help:"Region of the server." default:"us-east-1"`
	Bucket   []string `help:"Bucket to export; may be repeated. All when left out." placeholder:"NAME"`
	Prefix   string   `help:"Only keys that begin so."`
}

// Help is what --help says beside the flags.
func (exportCmd) Help() string {
	return "Writes DIR/BUCKET/files, a plain tree of the current objects, and DIR/BUCKET/manifest.jsonl, a line of JSON for each: key, file, size, " +
		"entity tag, SHA-256, time, headers, metadata and tags. Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. " +
		"Run again it reads what has changed. Customers' keys (SSE-C) are not known to it: such objects end the export."
}

// Run exports.
func (c *exportCmd) Run(sys *system) error {
	from, err := endpoint(sys, exportApp, "AWS", c.Endpoint, c.Region)
	if err != nil {
		return err
	}
	p := newProgress(sys.stdout)
	done, err := transfer.Export(sys.ctx, from.Client(), transfer.ExportOptions{Dir: c.To, Buckets: c.Bucket, Prefix: c.Prefix, Progress: showing(p)})
	p.line("done. " + text(done))
	return err
}

func text(at transfer.Progress) string {
	s := fmt.Sprintf("%s: %d copied (%d MiB), %d there already", at.Bucket, at.Copied, at.Bytes>>20, at.Present)
	if at.Failed > 0 {
		s += fmt.Sprintf(", %d failed", at.Failed)
	}
	return s
}

type importMinIOCmd struct {
	IAM      string   `help:"Archive of MinIO's settings: mc admin cluster iam export." placeholder:"FILE" type:"path" name:"iam"`
	RootUser string   `help:"Name of MinIO's root (MINIO_ROOT_USER), for the service accounts that it has." placeholder:"NAME"`
	DryRun   bool     `help:"Tell what would be made of the archive, and do nothing."`
	Endpoint string   `help:"Address of MinIO to copy the buckets from; none are copied when left out." placeholder:"URL"`
	To       string   `help:"Address of this server." default:"http://127.0.0.1:9000" placeholder:"URL"`
	ToRegion string   `help:"Region for buckets that are made." default:"us-east-1"`
	Bucket   []string `help:"Bucket to copy; may be repeated. All when left out." placeholder:"NAME"`
	Workers  int      `help:"Keys that are copied at the same time." default:"8"`
}

// Help is what --help says beside the flags.
func (importMinIOCmd) Help() string {
	return "Each user and each service account becomes a user whose access key has the id and the secret that its clients have; policies and groups come along, " +
		"below the path /minio/. What has no counterpart here is told of, and nobody gets more for it. Credentials: AWS_ACCESS_KEY_ID and " +
		"AWS_SECRET_ACCESS_KEY of this server's root or an administrator; for buckets, SOURCE_ACCESS_KEY_ID and SOURCE_SECRET_ACCESS_KEY of MinIO's. " +
		"Run again it makes what is missing."
}

// Run takes over the settings, then copies.
func (c *importMinIOCmd) Run(sys *system) error {
	if c.IAM == "" && c.Endpoint == "" {
		return errors.New("give --iam FILE for users and policies, --endpoint URL for buckets, or both")
	}
	if c.IAM != "" {
		if err := c.settings(sys); err != nil {
			return err
		}
	}
	if c.Endpoint == "" || c.DryRun {
		return nil
	}
	s3 := importS3Cmd{Endpoint: c.Endpoint, Region: "us-east-1", To: c.To, ToRegion: c.ToRegion, Bucket: c.Bucket, Workers: c.Workers}
	return s3.Run(sys)
}

func (c *importMinIOCmd) settings(sys *system) error {
	settings, err := transfer.ReadMinIO(c.IAM)
	if err != nil {
		return err
	}
	to, err := endpoint(sys, importApp, "AWS", c.To, c.ToRegion)
	if err != nil {
		return err
	}
	done, err := transfer.ImportMinIO(sys.ctx, to, settings, transfer.MinIOOptions{
		RootUser: c.RootUser, DryRun: c.DryRun, Line: func(s string) { fmt.Fprintln(sys.stdout, s) },
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(sys.stdout, "settings: %d made, %d there already, %d failed\n", done.Made, done.Present, done.Failed)
	if done.Failed > 0 {
		return fmt.Errorf("%d of the settings could not be taken over: see above, mend what can be, and run the command again", done.Failed)
	}
	return nil
}

func showing(p *progress) func(transfer.Progress) {
	return func(at transfer.Progress) { p.show(func() string { return text(at) }) }
}
