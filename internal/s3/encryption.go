package s3

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/sse"
)

const (
	sseHeader      = "X-Amz-Server-Side-Encryption"
	kmsKeyHeader   = sseHeader + "-Aws-Kms-Key-Id"
	bucketKeyHdr   = sseHeader + "-Bucket-Key-Enabled"
	customerHeader = sseHeader + "-Customer-"
	copySourceHdr  = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"
)

var (
	errSSEAlgorithm = &wireError{code: "InvalidEncryptionAlgorithmError", status: 400, message: "The encryption request you specified is not valid. The valid value is AES256."}
	errSSEMethod    = errInvalidArgument.with("The encryption method specified is not supported")
	errKMSHeader    = errInvalidArgument.with("Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	errSSEBoth      = errInvalidArgument.with("Server Side Encryption with Customer provided key is incompatible with the encryption method specified")
	errSSEOnRead    = errInvalidArgument.with("x-amz-server-side-encryption header is not supported for this operation.")
	errSSECKey      = errInvalidArgument.with("The secret key was invalid for the specified algorithm.")
	errSSECMD5      = errInvalidArgument.with("The calculated MD5 hash of the key did not match the hash that was provided.")
	errSSECNoKey    = errInvalidArgument.with("Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.")
	errSSECNoMD5    = errInvalidArgument.with("Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.")
	errSSECNoMethod = errInvalidArgument.with("Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.")
)

// encryptionRequest reads how a write is to be encrypted ("Specifying
// server-side encryption").
func (d *Door) encryptionRequest(c *call) (req object.EncryptionRequest, err error) {
	h := c.r.Header
	if req.CustomerKey, err = customerKey(h, customerHeader); err != nil {
		return req, err
	}
	method, named := h.Get(sseHeader), h.Get(kmsKeyHeader)
	if req.CustomerKey != nil {
		if method != "" {
			return req, errSSEBoth
		}
		req.Encryption.Mode = keyhaven.SSECustomer
		return req, nil
	}
	switch method {
	case "":
	case "AES256":
		req.Encryption.Mode = keyhaven.SSES3
	case "aws:kms":
		req.Encryption = keyhaven.Encryption{Mode: keyhaven.SSEKMS, KeyID: localKeyName(named), BucketKey: h.Get(bucketKeyHdr) == "true"}
		return req, d.objects.HasLocalKey(req.Encryption.KeyID)
	case "aws:kms:dsse":
		return req, errNotImplemented.and("Header", "x-amz-server-side-encryption")
	default:
		return req, errSSEMethod.and("ArgumentName", "x-amz-server-side-encryption").and("ArgumentValue", method)
	}
	if named != "" {
		return req, errKMSHeader.and("ArgumentName", "x-amz-server-side-encryption")
	}
	return req, nil
}

// defaultLocalKey is the local key of aws:kms without a name.
const defaultLocalKey = "default"

func localKeyName(id string) string {
	if name := sse.KeyName(id); name != "" {
		return name
	}
	return defaultLocalKey
}

// customerKey reads the three headers of a customer's key; nil when there are
// none.
func customerKey(h http.Header, prefix string) (*keyhaven.CustomerKey, error) {
	method, key, sum := h[prefix+"Algorithm"], h[prefix+"Key"], h[prefix+"Key-Md5"]
	switch {
	case len(method) == 0 && len(key) == 0 && len(sum) == 0:
		return nil, nil
	case len(method) == 0:
		return nil, errSSECNoMethod
	case len(key) == 0:
		return nil, errSSECNoKey
	case len(sum) == 0:
		return nil, errSSECNoMD5
	case method[0] != "AES256":
		return nil, errSSEAlgorithm.and("ArgumentName", "x-amz-server-side-encryption").and("ArgumentValue", method[0])
	}
	raw, err := base64.StdEncoding.DecodeString(key[0])
	if err != nil || len(raw) != len(keyhaven.CustomerKey{}) {
		return nil, errSSECKey
	}
	if want := md5.Sum(raw); base64.StdEncoding.EncodeToString(want[:]) != sum[0] {
		return nil, errSSECMD5
	}
	k := keyhaven.CustomerKey(raw)
	return &k, nil
}

// readKey reads the customer's key of a read, which has no other wish.
func (c *call) readKey() (*keyhaven.CustomerKey, error) {
	if len(c.r.Header[sseHeader]) > 0 {
		return nil, errSSEOnRead
	}
	return customerKey(c.r.Header, customerHeader)
}

// setEncryption writes how an object is encrypted.
func (c *call) setEncryption(e keyhaven.Encryption) {
	h := c.w.Header()
	switch e.Mode {
	case keyhaven.SSENone:
	case keyhaven.SSES3:
		h[sseHeader] = []string{"AES256"}
	case keyhaven.SSEKMS:
		h[sseHeader] = []string{"aws:kms"}
		h[kmsKeyHeader] = []string{c.kmsARN(e.KeyID)}
		if e.BucketKey {
			h[bucketKeyHdr] = []string{"true"}
		}
	case keyhaven.SSECustomer:
		h[customerHeader+"Algorithm"] = []string{"AES256"}
		if sum := c.r.Header.Get(customerHeader + "Key-Md5"); sum != "" {
			h[customerHeader+"Key-Md5"] = []string{sum}
		}
	}
}

func (c *call) kmsARN(name string) string {
	return "arn:aws:kms:" + c.bucket.Region + ":" + string(c.bucket.Account) + ":key/" + name
}
