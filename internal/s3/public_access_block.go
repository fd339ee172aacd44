package s3

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
)

var errNoBlock = &wireError{code: "NoSuchPublicAccessBlockConfiguration", status: 404, message: "The public access block configuration was not found"}

type publicAccessBlock struct {
	XMLName               xml.Name `xml:"PublicAccessBlockConfiguration"`
	BlockPublicAcls       bool     `xml:"BlockPublicAcls"`
	IgnorePublicAcls      bool     `xml:"IgnorePublicAcls"`
	BlockPublicPolicy     bool     `xml:"BlockPublicPolicy"`
	RestrictPublicBuckets bool     `xml:"RestrictPublicBuckets"`
}

// blockSettings are the settings by their elements.
var blockSettings = []struct {
	name string
	bit  keyhaven.PublicAccessBlock
	of   func(*publicAccessBlock) bool
}{
	{"BlockPublicAcls", keyhaven.BlockPublicACLs, func(b *publicAccessBlock) bool { return b.BlockPublicAcls }},
	{"IgnorePublicAcls", keyhaven.IgnorePublicACLs, func(b *publicAccessBlock) bool { return b.IgnorePublicAcls }},
	{"BlockPublicPolicy", keyhaven.BlockPublicPolicy, func(b *publicAccessBlock) bool { return b.BlockPublicPolicy }},
	{"RestrictPublicBuckets", keyhaven.RestrictPublicBuckets, func(b *publicAccessBlock) bool { return b.RestrictPublicBuckets }},
}

// readBlock reads a configuration.
func (c *call) readBlock() (keyhaven.PublicAccessBlock, error) {
	var req publicAccessBlock
	if err := c.readXML(&req); err != nil {
		return 0, err
	}
	block := keyhaven.BlockConfigured
	for _, s := range blockSettings {
		if s.of(&req) {
			block |= s.bit
		}
	}
	return block, nil
}

func (c *call) writeBlock(block keyhaven.PublicAccessBlock) error {
	if block == 0 {
		return errNoBlock
	}
	x := newDocument()
	x.root("PublicAccessBlockConfiguration")
	for _, s := range blockSettings {
		x.bool(s.name, block.Has(s.bit))
	}
	x.close("PublicAccessBlockConfiguration")
	x.write(c.w, http.StatusOK)
	return nil
}

// putPublicAccessBlock sets the block of one bucket (API reference,
// PutPublicAccessBlock).
func (d *Door) putPublicAccessBlock(c *call) error {
	block, err := c.readBlock()
	if err != nil {
		return err
	}
	if err := d.setBlock(c, block); err != nil {
		return err
	}
	c.ok()
	return nil
}

func (d *Door) setBlock(c *call, block keyhaven.PublicAccessBlock) error {
	return d.buckets.Configure(c.r.Context(), c.bucket, func(b *keyhaven.Bucket) error {
		b.PublicAccessBlock = block
		return nil
	})
}

// getPublicAccessBlock tells the block of one bucket (API reference,
// GetPublicAccessBlock).
func (d *Door) getPublicAccessBlock(c *call) error {
	err := c.writeBlock(c.bucket.PublicAccessBlock)
	if err != nil {
		err = errNoBlock.and("BucketName", c.bucketName)
	}
	return err
}

// deletePublicAccessBlock removes the block of one bucket (API reference,
// DeletePublicAccessBlock).
func (d *Door) deletePublicAccessBlock(c *call) error {
	if err := d.setBlock(c, 0); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// The S3 Control API has its own paths and names the account in a header. Of it
// there is the block of public access of an account alone.
const (
	controlPrefix = "/v20180820/"
	controlBlock  = controlPrefix + "configuration/publicAccessBlock"
	accountHeader = "X-Amz-Account-Id"
)

var controlOperations = map[string]*operation{
	http.MethodGet:    {name: "GetAccountPublicAccessBlock", action: "s3:GetAccountPublicAccessBlock", handle: (*Door).getAccountBlock},
	http.MethodPut:    {name: "PutAccountPublicAccessBlock", action: "s3:PutAccountPublicAccessBlock", handle: (*Door).putAccountBlock},
	http.MethodDelete: {name: "DeleteAccountPublicAccessBlock", action: "s3:PutAccountPublicAccessBlock", handle: (*Door).deleteAccountBlock},
}

// control reports whether the request is one of the S3 Control API, and finds
// its operation.
func (c *call) control() (is bool, err error) {
	if len(c.r.Header[accountHeader]) == 0 || !strings.HasPrefix(c.r.URL.Path, controlPrefix) {
		return false, nil
	}
	op := controlOperations[c.r.Method]
	if op == nil || c.r.URL.Path != controlBlock {
		return true, errNotImplemented
	}
	c.op, c.target = op, target{scope: onService}
	c.record.Op = op.name
	return true, nil
}

// controlAccount is the account that the request names, which must be the
// caller's.
func (c *call) controlAccount() (keyhaven.AccountID, error) {
	id := keyhaven.AccountID(c.r.Header.Get(accountHeader))
	if id != c.id.Principal.Account {
		var d access.Decision
		return "", d.Denied(c.id, c.op.action, access.Resource{ARN: "*"})
	}
	return id, nil
}

func (d *Door) getAccountBlock(c *call) error {
	id, err := c.controlAccount()
	if err != nil {
		return err
	}
	a, err := d.access.Account(c.r.Context(), id)
	if err != nil {
		return err
	}
	return c.writeBlock(a.PublicAccessBlock)
}

func (d *Door) putAccountBlock(c *call) error {
	id, err := c.controlAccount()
	if err != nil {
		return err
	}
	block, err := c.readBlock()
	if err != nil {
		return err
	}
	if err := d.access.SetAccountPublicAccessBlock(c.r.Context(), id, block); err != nil {
		return err
	}
	c.ok()
	return nil
}

func (d *Door) deleteAccountBlock(c *call) error {
	id, err := c.controlAccount()
	if err != nil {
		return err
	}
	if err := d.access.SetAccountPublicAccessBlock(c.r.Context(), id, 0); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
