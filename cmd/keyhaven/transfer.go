package main

import (
	"fmt"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/transfer"
)

type importCmd struct {
	S3 importS3Cmd `cmd:"" name:"s3" help:"Copy buckets from another S3 server."`
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

// endpoint reads the credentials of a server from the environment.
func endpoint(sys *system, prefix, url, region string) (transfer.Endpoint, error) {
	id, _ := sys.getenv(prefix + "_ACCESS_KEY_ID")
	secret, _ := sys.getenv(prefix + "_SECRET_ACCESS_KEY")
	token, _ := sys.getenv(prefix + "_SESSION_TOKEN")
	if id == "" || secret == "" {
		return transfer.Endpoint{}, fmt.Errorf("set %[1]s_ACCESS_KEY_ID and %[1]s_SECRET_ACCESS_KEY for %[2]s", prefix, url)
	}
	return transfer.Endpoint{
		URL: url, Region: region, AccessKeyID: id, Secret: keyhaven.NewSecret(secret), SessionToken: keyhaven.NewSecret(token),
	}, nil
}

// Run copies.
func (c *importS3Cmd) Run(sys *system) error {
	from, err := endpoint(sys, "SOURCE", c.Endpoint, c.Region)
	if err != nil {
		return err
	}
	from.VirtualHost = c.VirtualHost
	to, err := endpoint(sys, "AWS", c.To, c.ToRegion)
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
	from, err := endpoint(sys, "AWS", c.Endpoint, c.Region)
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

func showing(p *progress) func(transfer.Progress) {
	return func(at transfer.Progress) { p.show(func() string { return text(at) }) }
}
