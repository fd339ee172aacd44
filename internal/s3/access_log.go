package s3

import (
	"context"
	"crypto/tls"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// AccessLogs keeps the access records of buckets. Implemented by
// accesslog.Service.
type AccessLogs interface {
	// Note keeps one line, without its end, of a request that came at a time.
	Note(b *keyhaven.Bucket, l *keyhaven.Logging, at time.Time, line []byte)
}

// loggedCall is what the records of a request are made of.
type loggedCall struct {
	*call
	owner string // canonical id
	l     *keyhaven.Logging
}

// logEntry is what differs between the records of one request.
type logEntry struct {
	operation, bucket, key, version string
	status                          int
	code                            string
	sent, size                      int64
}

// copySource is the source of a copy, which has a log of its own.
type copySource struct {
	bucket *keyhaven.Bucket
	logEntry
}

// logAccess sees to it that the request is recorded when it has ended, if its
// bucket, or that of the source of a copy, wants it.
func (d *Door) logAccess(c *call) {
	if d.opts.Logs == nil || c.bucketName == "" {
		return
	}
	ctx := context.WithoutCancel(c.r.Context())
	b := c.bucket
	if b == nil {
		b, _ = d.buckets.Get(ctx, c.bucketName) // one that is not there has no log
	}
	own := d.logged(ctx, c, b)
	source := d.logged(ctx, c, c.source.bucket)
	if own == nil && source == nil {
		return
	}
	c.record.OnEnd(func(o edge.Outcome) {
		if own != nil {
			e := logEntry{
				operation: own.operation(), bucket: b.Name, key: c.key, version: c.record.VersionID,
				status: o.Status, code: c.record.ErrorCode, sent: o.BytesOut, size: c.record.ObjectSize,
			}
			d.opts.Logs.Note(b, own.l, o.Start, own.line(o, e))
			for _, e := range c.deleted {
				d.opts.Logs.Note(b, own.l, o.Start, own.line(o, e))
			}
		}
		if source != nil {
			e := c.source.logEntry
			e.operation, e.bucket, e.status, e.code = source.operation()+"_GET", c.source.bucket.Name, o.Status, c.record.ErrorCode
			d.opts.Logs.Note(c.source.bucket, source.l, o.Start, source.line(o, e))
		}
	})
}

// logged returns what the records of the bucket need, or nil when it wants none.
func (d *Door) logged(ctx context.Context, c *call, b *keyhaven.Bucket) *loggedCall {
	if b == nil || !b.Configs.Has(keyhaven.ConfigLogging) {
		return nil
	}
	l, err := d.buckets.Logging(ctx, b)
	if err != nil || l == nil { // deleted by this very request
		return nil
	}
	out := &loggedCall{call: c, l: l}
	if a, err := d.access.Account(ctx, b.Account); err == nil {
		out.owner = a.CanonicalID
	}
	return out
}

// line is a record in the form of "Amazon S3 server access log format": 24
// fields.
func (c *loggedCall) line(o edge.Outcome, e logEntry) []byte {
	h := c.r.Header
	requester, sigv, auth := "", "", ""
	if c.id != nil && c.id.Signature != nil {
		requester, sigv, auth = requesterOf(&c.id.Principal), "SigV4", "AuthHeader"
		if c.id.Signature.Presigned {
			auth = "QueryString"
		}
	}
	suite, version12 := "", ""
	if c.r.TLS != nil && c.r.TLS.Version != 0 { // a proxy does not tell
		suite, version12 = cipherSuite(c.r.TLS.CipherSuite), tlsVersion(c.r.TLS.Version)
	}
	b := make([]byte, 0, 512)
	b = appendField(b, c.owner)
	b = appendField(b, e.bucket)
	b = o.Start.UTC().AppendFormat(b, "[02/Jan/2006:15:04:05 -0700] ")
	b = appendField(b, edge.ClientAddress(c.r))
	b = appendField(b, requester)
	b = appendField(b, c.record.RequestID)
	b = appendField(b, e.operation)
	b = appendField(b, encodePath(e.key))
	b = appendQuoted(b, c.r.Method+" "+redactURI(c.r)+" "+c.r.Proto)
	b = appendField(b, strconv.Itoa(e.status))
	b = appendField(b, e.code)
	b = appendNumber(b, e.sent)
	b = appendNumber(b, e.size)
	b = appendField(b, strconv.FormatInt(o.Total.Milliseconds(), 10))
	b = appendField(b, strconv.FormatInt(o.Turnaround.Milliseconds(), 10))
	b = appendQuoted(b, h.Get("Referer"))
	b = appendQuoted(b, h.Get("User-Agent"))
	b = appendField(b, e.version)
	b = appendField(b, c.record.RequestID)
	b = appendField(b, sigv)
	b = appendField(b, suite)
	b = appendField(b, auth)
	b = appendField(b, c.r.Host)
	b = appendField(b, version12)
	return b[:len(b)-1]
}

// requesterOf is the canonical id of a root and the ARN of anybody else.
func requesterOf(p *keyhaven.Principal) string {
	if p.Kind == keyhaven.Root {
		return p.CanonicalID
	}
	return p.ARN()
}

// appendField writes a field and a space; nothing is "-". What could break the
// form of the line is left out.
func appendField(b []byte, s string) []byte {
	if s == "" {
		return append(b, '-', ' ')
	}
	for i := range len(s) {
		if s[i] > ' ' && s[i] != 0x7f && s[i] != '"' {
			b = append(b, s[i])
		}
	}
	return append(b, ' ')
}

func appendQuoted(b []byte, s string) []byte {
	if s == "" {
		return append(b, '-', ' ')
	}
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			b = append(b, "%22"...)
		case c >= ' ' && c != 0x7f:
			b = append(b, c)
		}
	}
	return append(b, '"', ' ')
}

func appendNumber(b []byte, n int64) []byte {
	if n == 0 {
		return append(b, '-', ' ')
	}
	return append(strconv.AppendInt(b, n, 10), ' ')
}

// bearers are query parameters that are worth as much as a key while they last.
var bearers = []string{"X-Amz-Signature", "X-Amz-Security-Token", "Signature"}

// redactURI is the address as it was sent, without what others could use again.
func redactURI(r *http.Request) string {
	uri := r.RequestURI
	if uri == "" {
		uri = r.URL.RequestURI()
	}
	path, query, ok := strings.Cut(uri, "?")
	if !ok {
		return path
	}
	pairs := strings.Split(query, "&")
	for i, p := range pairs {
		name, _, _ := strings.Cut(p, "=")
		for _, secret := range bearers {
			if strings.EqualFold(strings.ReplaceAll(name, "%2D", "-"), secret) {
				pairs[i] = name + "=REDACTED"
			}
		}
	}
	return path + "?" + strings.Join(pairs, "&")
}

// cipherSuite is the name that OpenSSL gives it, which the log format uses.
func cipherSuite(id uint16) string {
	name := tls.CipherSuiteName(id)
	if !strings.Contains(name, "_WITH_") {
		return name
	}
	name = strings.Replace(strings.TrimPrefix(name, "TLS_"), "_WITH_", "-", 1)
	name = strings.NewReplacer("AES_128", "AES128", "AES_256", "AES256", "_", "-").Replace(name)
	return strings.TrimSuffix(name, "-SHA256-SHA256")
}

func tlsVersion(v uint16) string {
	return strings.Replace(strings.Replace(tls.VersionName(v), "TLS ", "TLSv", 1), "TLSv1.0", "TLSv1", 1)
}

// operation is the name of the operation in the log.
func (c *loggedCall) operation() string {
	method := c.r.Method
	switch {
	case c.op == page:
		return "WEBSITE." + method + ".OBJECT"
	case method == http.MethodOptions:
		return "REST.OPTIONS.PREFLIGHT"
	case c.op == nil:
		return "REST." + method + ".OBJECT"
	}
	switch c.op.name {
	case "CopyObject":
		return "REST.COPY.OBJECT"
	case "UploadPartCopy":
		return "REST.COPY.PART"
	case "UploadPart":
		return "REST.PUT.PART"
	case "DeleteObjects":
		return "REST.POST.MULTI_OBJECT_DELETE"
	}
	return "REST." + method + "." + c.op.logType()
}

// logTypes are the resource types of the log format whose name is not that of
// the query parameter.
var logTypes = map[string]string{
	"uploadId": "UPLOAD", "versions": "BUCKETVERSIONS", "logging": "LOGGING_STATUS", "policy": "BUCKETPOLICY",
	"policyStatus": "BUCKETPOLICY_STATUS", "list-type": "BUCKET", "attributes": "OBJECT_ATTRIBUTES",
	"requestPayment": "REQUEST_PAYMENT", "publicAccessBlock": "PUBLIC_ACCESS_BLOCK",
	"ownershipControls": "OWNERSHIP_CONTROLS", "object-lock": "OBJECT_LOCK_CONFIGURATION",
	"retention": "OBJECT_LOCK_RETENTION", "legal-hold": "OBJECT_LOCK_LEGALHOLD",
}

func (op *operation) logType() string {
	switch {
	case op.param == "" && op.scope == onObject:
		return "OBJECT"
	case op.param == "":
		return "BUCKET"
	case op.param == "tagging" && op.scope == onObject:
		return "OBJECT_TAGGING"
	}
	if t := logTypes[op.param]; t != "" {
		return t
	}
	return strings.ToUpper(strings.ReplaceAll(op.param, "-", "_"))
}
