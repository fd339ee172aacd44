package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven/internal/control"
)

type doctorCmd struct {
	settings
	Endpoint string `help:"Address that clients use, where it is not that of --listen, as behind a proxy." placeholder:"URL"`
}

// Help is what --help says beside the flags.
func (doctorCmd) Help() string {
	return "Looks at the data directory, the clock, free space, name service, certificate and proxy as the settings say, and tells " +
		"what to do about each finding. Give it the settings of the server. Exits with 1 when something is wrong."
}

// The weights of findings.
const (
	fine  = "ok  "
	doubt = "warn"
	wrong = "FAIL"
)

// doctor gathers findings and prints each as it comes.
type doctor struct {
	sys    *system
	c      *doctorCmd
	client *http.Client
	fails  int
	err    error
}

// say prints a finding. advice is what to do, for those that are not fine.
func (d *doctor) say(weight, what, advice string) {
	if weight == wrong {
		d.fails++
	}
	line := weight + "  " + what + "\n"
	if advice != "" {
		line += "      → " + advice + "\n"
	}
	if _, err := fmt.Fprint(d.sys.stdout, line); d.err == nil {
		d.err = err
	}
}

// Run looks at everything.
func (c *doctorCmd) Run(sys *system) error {
	d := &doctor{sys: sys, c: c, client: &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if c.Endpoint == "" {
		c.Endpoint = c.scheme() + "://" + c.Listen
	}
	d.dataDir()
	d.space()
	d.clock()
	d.server()
	d.names()
	d.certificate()
	d.proxy()
	if d.err != nil {
		return d.err
	}
	if d.fails > 0 {
		return fmt.Errorf("%d finding(s) need attention", d.fails)
	}
	return nil
}

// dataDir looks at what the server must be able to read and write.
func (d *doctor) dataDir() {
	dir := d.c.Data
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.say(doubt, "the data directory "+dir+" is not there", "the first start makes it; if there should be data, check --data and that its disk is mounted, and use --must-exist")
		return
	case err != nil:
		d.say(wrong, "the data directory: "+err.Error(), "let the server's user enter it")
		return
	case !info.IsDir():
		d.say(wrong, dir+" is no directory", "give --data a directory")
		return
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		d.say(doubt, fmt.Sprintf("others can enter the data directory (mode %04o)", mode), "chmod 700 "+dir)
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		d.say(wrong, "the data directory cannot be written: "+err.Error(), fmt.Sprintf("chown -R %d %s, or run as its owner", os.Getuid(), dir))
		return
	}
	err = errors.Join(probe.Sync(), probe.Close(), os.Remove(probe.Name()))
	if err != nil {
		d.say(wrong, "the data directory cannot be synced: "+err.Error(), "look at the disk and its mount options")
		return
	}
	d.say(fine, "the data directory "+dir+" can be written", "")
	ring := filepath.Join(dir, "keyring.json")
	switch info, err := os.Stat(ring); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		d.say(wrong, "the key ring: "+err.Error(), "let the server's user read it")
	case info.Mode().Perm()&0o077 != 0:
		d.say(wrong, fmt.Sprintf("the key ring can be read by others (mode %04o)", info.Mode().Perm()), "chmod 600 "+ring)
	default:
		d.say(fine, "the key ring is its owner's alone; keep a copy of it apart from the backups", "")
	}
}

func (d *doctor) space() {
	free, total, err := diskSpace(existing(d.c.Data))
	if err != nil {
		d.say(doubt, "free space is not known: "+err.Error(), "")
		return
	}
	what := fmt.Sprintf("%d GiB of %d GiB are free", free>>30, total>>30)
	switch {
	case free < 1<<30:
		d.say(wrong, what, "make room: writes are refused when the disk is full")
	case free < total/10:
		d.say(doubt, what, "make room, or watch keyhaven_disk_free_bytes")
	default:
		d.say(fine, what, "")
	}
}

// existing returns the first of path and its parents that is there.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

func (d *doctor) clock() {
	if y := time.Now().Year(); y < 2026 || y > 2100 {
		d.say(wrong, "the clock says "+time.Now().UTC().Format(time.RFC3339), "set it: signatures are valid for 15 minutes around their time")
		return
	}
	if synced, known := clockSynced(); known && !synced {
		d.say(doubt, "the clock is not synchronized", "run a time service (chrony, systemd-timesyncd): clients whose clocks differ by 15 minutes are refused")
		return
	}
	d.say(fine, "the clock says "+time.Now().UTC().Format(time.RFC3339), "")
}

// server asks the running server, if one runs.
func (d *doctor) server() {
	ctx, cancel := context.WithTimeout(d.sys.ctx, 10*time.Second)
	defer cancel()
	var st statusReport
	err := control.Call(ctx, filepath.Join(d.c.Data, controlSocket), "status", nil, decodeInto(&st))
	switch {
	case errors.Is(err, control.ErrNotRunning):
		d.say(doubt, "no server runs on the data directory", "keyhaven serve, with the settings of this command")
	case err != nil:
		d.say(doubt, "the running server: "+err.Error(), "it may be of another release: restart it")
	default:
		d.say(fine, fmt.Sprintf("release %s runs since %s", st.Version, st.Started.Format(time.RFC3339)), "")
	}
}

// names asks the name service for a bucket's host.
func (d *doctor) names() {
	if d.c.Domain == "" {
		d.say(fine, "no --domain: clients must use path style", "")
		return
	}
	ctx, cancel := context.WithTimeout(d.sys.ctx, 5*time.Second)
	defer cancel()
	host := "some-bucket.s3." + d.c.Region + "." + d.c.Domain
	addrs, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		d.say(wrong, "the hosts of buckets have no address: "+err.Error(),
			fmt.Sprintf("add wildcard records to the name service: *.%[1]s, *.s3.%[1]s and *.s3.%[2]s.%[1]s", d.c.Domain, d.c.Region))
		return
	}
	d.say(fine, host+" is "+strings.Join(addrs, ", "), "")
}

// certificate looks at what clients are shown.
func (d *doctor) certificate() {
	u, err := url.Parse(d.c.Endpoint)
	if err != nil || u.Host == "" {
		d.say(wrong, "--endpoint "+d.c.Endpoint+" is no address", "give it as https://HOST")
		return
	}
	if u.Scheme != "https" {
		if host := u.Hostname(); host != "localhost" && !net.ParseIP(host).IsLoopback() {
			d.say(doubt, "clients reach the server in the clear", "use --tls-cert, --acme-domain or a proxy that speaks TLS")
		}
		return
	}
	addr := u.Host
	if u.Port() == "" {
		addr = net.JoinHostPort(u.Hostname(), "443")
	}
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(d.sys.ctx, "tcp", addr)
	if err != nil {
		d.say(wrong, "clients cannot connect by TLS: "+err.Error(), "check the certificate's hosts and chain; clients of a private authority need AWS_CA_BUNDLE, and this command SSL_CERT_FILE")
		return
	}
	defer conn.Close()
	leaf := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	left := time.Until(leaf.NotAfter)
	what := "the certificate is valid until " + leaf.NotAfter.UTC().Format(time.RFC3339)
	if left < 14*24*time.Hour {
		d.say(doubt, what, "renew it; files are read again when they change")
	} else {
		d.say(fine, what, "")
	}
	if d.c.Domain != "" && leaf.VerifyHostname("some-bucket.s3."+d.c.Region+"."+d.c.Domain) != nil {
		d.say(doubt, "the certificate is not for the hosts of buckets", "get one for *."+d.c.Domain+", *.s3."+d.c.Domain+" and *.s3."+d.c.Region+"."+d.c.Domain+", or use path style")
	}
}

// proxy asks the server through the address that clients use.
func (d *doctor) proxy() {
	health := d.get("/-/health/ready")
	if health == nil {
		return
	}
	if health.code != http.StatusOK {
		d.say(wrong, fmt.Sprintf("%s/-/health/ready answers %s", d.c.Endpoint, health.status), "look at the server's log, or at the proxy's: it must pass every path on")
		return
	}
	// An S3 error names the path as it arrived: a proxy that cleans paths breaks
	// every signature over such a key.
	const path = "/keyhaven-doctor-no-such-bucket/a//b%20c"
	r := d.get(path)
	switch {
	case r == nil:
	case r.header.Get("Server") != "Keyhaven" && r.header.Get("X-Amz-Request-Id") == "":
		d.say(wrong, "something else answers at "+d.c.Endpoint, "point --endpoint at the server, or its proxy")
	case r.code/100 == 3:
		d.say(wrong, "the proxy redirects "+path, "turn off the merging of slashes and the cleaning of paths (nginx: merge_slashes off)")
	default:
		d.say(fine, "the server answers at "+d.c.Endpoint, "")
	}
}

// get asks the endpoint; nil when it cannot be reached, which has been said.
func (d *doctor) get(path string) *reply {
	r, err := http.NewRequestWithContext(d.sys.ctx, http.MethodGet, strings.TrimSuffix(d.c.Endpoint, "/")+path, nil)
	if err != nil {
		d.say(wrong, "--endpoint: "+err.Error(), "give it as https://HOST")
		return nil
	}
	resp, err := d.client.Do(r)
	if err != nil {
		d.say(wrong, "nobody answers at "+d.c.Endpoint+": "+err.Error(), "start the server, or check --listen, --endpoint and the firewall")
		return nil
	}
	resp.Body.Close()
	return &reply{resp.StatusCode, resp.Status, resp.Header}
}

// reply is the head of an answer.
type reply struct {
	code   int
	status string
	header http.Header
}
