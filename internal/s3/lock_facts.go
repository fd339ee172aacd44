package s3

import (
	"strconv"
	"time"
)

// The documents of PutObjectRetention and PutObjectLegalHold are read once: by
// the first who asks, a policy or the handler.
func (c *call) readRetention() (retentionRequest, error) {
	return c.retention.get(func() (req retentionRequest, err error) {
		err = c.readXML(&req)
		return req, err
	}, &c.retention)
}

func (c *call) readHold() (legalHoldRequest, error) {
	return c.hold.get(func() (req legalHoldRequest, err error) {
		err = c.readXML(&req)
		return req, err
	}, &c.hold)
}

// lockFact looks up the condition keys about the lock that a request gives an
// object (Service Authorization Reference, "Condition keys for Amazon S3":
// s3:object-lock-…).
func (c *call) lockFact(name string) []string {
	switch name {
	case "mode":
		return c.lockValue(lockModeHeader, func(r *retentionRequest) string { return r.Mode })
	case "retain-until-date":
		return c.lockValue(lockUntilHeader, func(r *retentionRequest) string { return r.Until })
	case "remaining-retention-days":
		until := c.lockValue(lockUntilHeader, func(r *retentionRequest) string { return r.Until })
		if until == nil {
			return nil
		}
		at, err := time.Parse(time.RFC3339, until[0])
		if err != nil {
			return nil // the handler refuses it
		}
		return []string{strconv.FormatInt(int64(time.Until(at)/(24*time.Hour)), 10)}
	case "legal-hold":
		if c.op.name == "PutObjectLegalHold" {
			req, err := c.readHold()
			return c.fact(req.Status, err)
		}
		return c.headerFact(lockHoldHeader)
	}
	return nil
}

// lockValue is a part of the retention that a request gives an object, by a
// header or by the document of PutObjectRetention.
func (c *call) lockValue(header string, part func(*retentionRequest) string) []string {
	if c.op.name != "PutObjectRetention" {
		return c.headerFact(header)
	}
	req, err := c.readRetention()
	return c.fact(part(&req), err)
}
