package s3

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/object"
)

const (
	lockModeHeader  = "X-Amz-Object-Lock-Mode"
	lockUntilHeader = "X-Amz-Object-Lock-Retain-Until-Date"
	lockHoldHeader  = "X-Amz-Object-Lock-Legal-Hold"
)

var (
	errNoLock       = &wireError{code: "NoSuchObjectLockConfiguration", status: 404, message: "The specified object does not have a ObjectLock configuration"}
	errNoLockConfig = &wireError{code: "ObjectLockConfigurationNotFoundError", status: 404, message: "Object Lock configuration does not exist for this bucket"}
	errLockPeriod   = &wireError{code: "InvalidRetentionPeriod", status: 400, message: "Default retention period must be a positive integer value."}
	errLockPast     = errInvalidArgument.with("The retain until date must be in the future!")
	errLockFar      = errInvalidArgument.with("The retain until date must be within 100 years")
	errLockDate     = errInvalidArgument.with("The retain until date must be provided in ISO 8601 format")
	errLockMode     = errInvalidArgument.with("Unknown wormMode directive.")
	errLockHold     = errInvalidArgument.with("Legal Hold must be either of 'ON' or 'OFF'")
	errLockPair     = errInvalidArgument.with("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
)

type retentionRequest struct {
	XMLName xml.Name `xml:"Retention"`
	Mode    string   `xml:"Mode"`
	Until   string   `xml:"RetainUntilDate"`
}

// putObjectRetention changes the retention of a version (API reference,
// PutObjectRetention). A document without members ends it.
func (d *Door) putObjectRetention(c *call) error {
	req, err := c.readRetention()
	if err != nil {
		return err
	}
	in := object.RetentionInput{Bucket: c.bucket, Key: c.key, Bypass: d.bypasses(c)}
	if in.Version, err = c.query.versionID(); err != nil {
		return err
	}
	if req.Mode != "" || req.Until != "" {
		mode, ok := keyhaven.ParseLockMode(req.Mode)
		until, terr := time.Parse(time.RFC3339, req.Until)
		if !ok || terr != nil {
			return errMalformedXML
		}
		if err := mayLockUntil(until); err != nil {
			return err
		}
		in.Retention = keyhaven.Retention{Mode: mode, Until: until.UTC()}
	}
	o, err := d.objects.SetRetention(c.r.Context(), in)
	if err != nil {
		c.describeMarker(err)
		return err
	}
	c.setVersion(o.Version)
	c.ok()
	return nil
}

// bypasses reports whether the caller may, and wants to, overcome governance
// mode.
func (d *Door) bypasses(c *call) bool {
	if c.r.Header.Get("X-Amz-Bypass-Governance-Retention") != "true" {
		return false
	}
	return d.may(c, "s3:BypassGovernanceRetention")
}

// may reports whether the caller may do something more to the target.
func (d *Door) may(c *call, action string) bool { return d.also(c, action) == nil }

// getObjectRetention tells the retention of a version (API reference,
// GetObjectRetention).
func (d *Door) getObjectRetention(c *call) error {
	o, err := d.lockedObject(c)
	if err != nil {
		return err
	}
	if o.Lock.Retention.IsZero() {
		return errNoLock
	}
	c.setVersion(o.Version)
	x := newDocument()
	x.root("Retention")
	x.element("Mode", o.Lock.Retention.Mode.String())
	x.time("RetainUntilDate", o.Lock.Retention.Until)
	x.close("Retention")
	x.write(c.w, http.StatusOK)
	return nil
}

// lockedObject looks up the target of a question about its lock. That it is
// missing is said first, then that its bucket locks nothing, as S3 does.
func (d *Door) lockedObject(c *call) (*keyhaven.Object, error) {
	version, err := c.query.versionID()
	if err != nil {
		return nil, err
	}
	o, err := d.objects.Head(c.r.Context(), c.bucket, c.key, version)
	if err != nil {
		c.describeMarker(err)
		return nil, err
	}
	if !c.bucket.Configs.Has(keyhaven.ConfigObjectLock) {
		return nil, errInvalidRequest.with("Bucket is missing Object Lock Configuration")
	}
	return o, nil
}

type legalHoldRequest struct {
	XMLName xml.Name `xml:"LegalHold"`
	Status  string   `xml:"Status"`
}

// putObjectLegalHold puts a legal hold on a version or takes it off (API
// reference, PutObjectLegalHold).
func (d *Door) putObjectLegalHold(c *call) error {
	req, err := c.readHold()
	if err != nil {
		return err
	}
	hold, ok := parseHold(req.Status)
	if !ok {
		return errMalformedXML
	}
	version, err := c.query.versionID()
	if err != nil {
		return err
	}
	o, err := d.objects.SetLegalHold(c.r.Context(), object.GetInput{Bucket: c.bucket, Key: c.key, Version: version}, hold)
	if err != nil {
		c.describeMarker(err)
		return err
	}
	c.setVersion(o.Version)
	c.ok()
	return nil
}

func parseHold(s string) (keyhaven.LegalHold, bool) {
	switch s {
	case "ON":
		return keyhaven.HoldOn, true
	case "OFF":
		return keyhaven.HoldOff, true
	}
	return keyhaven.HoldUnset, false
}

func holdName(h keyhaven.LegalHold) string {
	if h == keyhaven.HoldOff {
		return "OFF"
	}
	return "ON"
}

// getObjectLegalHold tells the legal hold of a version (API reference,
// GetObjectLegalHold).
func (d *Door) getObjectLegalHold(c *call) error {
	o, err := d.lockedObject(c)
	if err != nil {
		return err
	}
	if o.Lock.Hold == keyhaven.HoldUnset {
		return errNoLock
	}
	c.setVersion(o.Version)
	x := newDocument()
	x.root("LegalHold")
	x.element("Status", holdName(o.Lock.Hold))
	x.close("LegalHold")
	x.write(c.w, http.StatusOK)
	return nil
}

type lockConfigRequest struct {
	XMLName xml.Name `xml:"ObjectLockConfiguration"`
	Enabled string   `xml:"ObjectLockEnabled"`
	Rule    *struct {
		Default *struct {
			Mode  string `xml:"Mode"`
			Days  *int   `xml:"Days"`
			Years *int   `xml:"Years"`
		} `xml:"DefaultRetention"`
	} `xml:"Rule"`
}

// config checks the document and returns what it asks for.
func (req *lockConfigRequest) config() (conf keyhaven.LockConfig, err error) {
	if req.Enabled != "Enabled" {
		return conf, errMalformedXML
	}
	if req.Rule == nil {
		return conf, nil
	}
	rule := req.Rule.Default
	if rule == nil || (rule.Days == nil) == (rule.Years == nil) {
		return conf, errMalformedXML
	}
	var ok bool
	if conf.Mode, ok = keyhaven.ParseLockMode(rule.Mode); !ok {
		return conf, errMalformedXML
	}
	most := keyhaven.MaxLockDays
	n := &conf.Days
	given := rule.Days
	if given == nil {
		n, given, most = &conf.Years, rule.Years, keyhaven.MaxLockYears
	}
	if *given < 1 {
		return conf, errLockPeriod
	}
	if *given > most {
		return conf, errLockPeriod.with("Default retention period is too large: the most is " + itoa(int64(most)) + ".")
	}
	*n = *given
	return conf, nil
}

// putObjectLockConfiguration turns object lock on and sets the default retention
// (API reference, PutObjectLockConfiguration).
func (d *Door) putObjectLockConfiguration(c *call) error {
	var req lockConfigRequest
	if err := c.readXML(&req); err != nil {
		return err
	}
	conf, err := req.config()
	if err != nil {
		return err
	}
	if err := d.buckets.SetObjectLock(c.r.Context(), c.bucket, conf); err != nil {
		return err
	}
	c.ok()
	return nil
}

// getObjectLockConfiguration tells the default retention (API reference,
// GetObjectLockConfiguration).
func (d *Door) getObjectLockConfiguration(c *call) error {
	conf, err := bucket.Config[keyhaven.LockConfig](c.r.Context(), d.buckets, c.bucket, keyhaven.ConfigObjectLock)
	if err != nil {
		return err
	}
	if conf == nil {
		return errNoLockConfig.and("BucketName", c.bucketName)
	}
	x := newDocument()
	x.root("ObjectLockConfiguration")
	x.element("ObjectLockEnabled", "Enabled")
	if conf.Mode != keyhaven.LockNone {
		x.open("Rule")
		x.open("DefaultRetention")
		x.element("Mode", conf.Mode.String())
		if conf.Days > 0 {
			x.int("Days", int64(conf.Days))
		} else {
			x.int("Years", int64(conf.Years))
		}
		x.close("DefaultRetention")
		x.close("Rule")
	}
	x.close("ObjectLockConfiguration")
	x.write(c.w, http.StatusOK)
	return nil
}

// lockHeaders reads the lock that a write asks for. Each half of it needs a
// permission of its own ("Required permissions" of PutObject).
func (d *Door) lockHeaders(c *call) (l keyhaven.ObjectLock, err error) {
	h := c.r.Header
	mode, until, hold := h[lockModeHeader], h[lockUntilHeader], h[lockHoldHeader]
	if len(mode) == 0 && len(until) == 0 && len(hold) == 0 {
		return l, nil
	}
	if len(mode) > 0 || len(until) > 0 {
		if len(mode) == 0 || len(until) == 0 {
			return l, errLockPair
		}
		if l.Retention, err = parseRetention(mode[0], until[0]); err != nil {
			return l, err
		}
		if err := d.also(c, "s3:PutObjectRetention"); err != nil {
			return l, err
		}
	}
	if len(hold) == 0 {
		return l, nil
	}
	var ok bool
	if l.Hold, ok = parseHold(hold[0]); !ok {
		return l, errLockHold.and("ArgumentName", "x-amz-object-lock-legal-hold").and("ArgumentValue", hold[0])
	}
	return l, d.also(c, "s3:PutObjectLegalHold")
}

func parseRetention(mode, until string) (r keyhaven.Retention, err error) {
	var ok bool
	if r.Mode, ok = keyhaven.ParseLockMode(mode); !ok {
		return r, errLockMode.and("ArgumentName", "x-amz-object-lock-mode").and("ArgumentValue", mode)
	}
	t, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return r, errLockDate.and("ArgumentName", "x-amz-object-lock-retain-until-date").and("ArgumentValue", until)
	}
	r.Until = t.UTC()
	return r, mayLockUntil(t)
}

// mayLockUntil refuses a time that has gone, and one so far away that nobody can
// mean it.
func mayLockUntil(t time.Time) error {
	now := time.Now()
	switch {
	case !t.After(now):
		return errLockPast
	case t.After(now.AddDate(keyhaven.MaxLockYears, 0, 1)):
		return errLockFar
	}
	return nil
}

// setLock writes the lock of an object, as far as the caller may know it.
func (d *Door) setLock(c *call, l keyhaven.ObjectLock) {
	if l.IsZero() {
		return
	}
	h := c.w.Header()
	if !l.Retention.IsZero() && d.may(c, "s3:GetObjectRetention") {
		h.Set(lockModeHeader, l.Retention.Mode.String())
		h.Set(lockUntilHeader, l.Retention.Until.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	if l.Hold != keyhaven.HoldUnset && d.may(c, "s3:GetObjectLegalHold") {
		h.Set(lockHoldHeader, holdName(l.Hold))
	}
}

// locksBucket reads x-amz-bucket-object-lock-enabled of a CreateBucket, which
// needs the permissions to do so afterwards.
func (d *Door) locksBucket(c *call) (bool, error) {
	switch v := c.r.Header.Get("X-Amz-Bucket-Object-Lock-Enabled"); strings.ToLower(v) {
	case "", "false":
		return false, nil
	case "true":
	default:
		return false, errInvalidArgument.and("ArgumentName", "x-amz-bucket-object-lock-enabled").and("ArgumentValue", v)
	}
	if err := d.also(c, "s3:PutBucketObjectLockConfiguration"); err != nil {
		return false, err
	}
	return true, d.also(c, "s3:PutBucketVersioning")
}
