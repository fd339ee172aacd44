package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/bucket"
)

var errNoEncryption = &wireError{code: "ServerSideEncryptionConfigurationNotFoundError", status: 404, message: "The server side encryption configuration was not found"}

type encryptionConfigRequest struct {
	XMLName xml.Name `xml:"ServerSideEncryptionConfiguration"`
	Rules   []struct {
		Default *struct {
			Algorithm string `xml:"SSEAlgorithm"`
			KeyID     string `xml:"KMSMasterKeyID"`
		} `xml:"ApplyServerSideEncryptionByDefault"`
		BucketKey bool `xml:"BucketKeyEnabled"`
		Blocked   *struct {
			Types []string `xml:"EncryptionType"`
		} `xml:"BlockedEncryptionTypes"`
	} `xml:"Rule"`
}

// config checks the document and returns what it asks for.
func (req *encryptionConfigRequest) config() (conf keyhaven.EncryptionConfig, err error) {
	if len(req.Rules) != 1 {
		return conf, errMalformedXML
	}
	r := req.Rules[0]
	if r.Default == nil && r.Blocked == nil {
		return conf, errMalformedXML
	}
	conf.Default = keyhaven.Encryption{Mode: keyhaven.SSES3, BucketKey: r.BucketKey}
	if d := r.Default; d != nil {
		switch d.Algorithm {
		case "AES256":
			if d.KeyID != "" {
				return conf, errInvalidArgument.with("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
			}
		case "aws:kms":
			conf.Default.Mode, conf.Default.KeyID = keyhaven.SSEKMS, localKeyName(d.KeyID)
		case "aws:kms:dsse":
			return conf, errNotImplemented
		default:
			return conf, errMalformedXML
		}
	}
	if r.Blocked == nil {
		return conf, nil
	}
	for _, t := range r.Blocked.Types {
		switch t {
		case "SSE-C":
			conf.BlockSSEC = true
		case "NONE":
			conf.BlockNothing = true
		default:
			return conf, errMalformedXML
		}
	}
	if conf.BlockSSEC && conf.BlockNothing {
		return conf, errMalformedXML
	}
	return conf, nil
}

// putBucketEncryption sets how objects are encrypted that come without a wish of
// their own (API reference, PutBucketEncryption).
func (d *Door) putBucketEncryption(c *call) error {
	var req encryptionConfigRequest
	if err := c.readXML(&req); err != nil {
		return err
	}
	conf, err := req.config()
	if err != nil {
		return err
	}
	if conf.Default.Mode == keyhaven.SSEKMS {
		if err := d.objects.HasLocalKey(conf.Default.KeyID); err != nil {
			return err
		}
	}
	if err := d.buckets.SetConfig(c.r.Context(), c.bucket, keyhaven.ConfigEncryption, &conf); err != nil {
		return err
	}
	c.ok()
	return nil
}

// getBucketEncryption tells the bucket's default (API reference,
// GetBucketEncryption).
func (d *Door) getBucketEncryption(c *call) error {
	conf, err := bucket.Config[keyhaven.EncryptionConfig](c.r.Context(), d.buckets, c.bucket, keyhaven.ConfigEncryption)
	if err != nil {
		return err
	}
	if conf == nil {
		return errNoEncryption.and("BucketName", c.bucketName)
	}
	x := newDocument()
	x.root("ServerSideEncryptionConfiguration")
	x.open("Rule")
	x.open("ApplyServerSideEncryptionByDefault")
	if conf.Default.Mode == keyhaven.SSEKMS {
		x.element("SSEAlgorithm", "aws:kms")
		x.element("KMSMasterKeyID", c.kmsARN(conf.Default.KeyID))
	} else {
		x.element("SSEAlgorithm", "AES256")
	}
	x.close("ApplyServerSideEncryptionByDefault")
	x.bool("BucketKeyEnabled", conf.Default.BucketKey)
	if conf.BlockSSEC || conf.BlockNothing {
		x.open("BlockedEncryptionTypes")
		x.element("EncryptionType", map[bool]string{true: "SSE-C", false: "NONE"}[conf.BlockSSEC])
		x.close("BlockedEncryptionTypes")
	}
	x.close("Rule")
	x.close("ServerSideEncryptionConfiguration")
	x.write(c.w, http.StatusOK)
	return nil
}

// deleteBucketEncryption removes the bucket's default; what is stored stays as
// it is (API reference, DeleteBucketEncryption).
func (d *Door) deleteBucketEncryption(c *call) error {
	if err := d.buckets.SetConfig(c.r.Context(), c.bucket, keyhaven.ConfigEncryption, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
