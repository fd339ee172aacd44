package s3

import "net/http"

// Tools ask a bucket for configurations that Keyhaven cannot have, as the
// operations that set them are not built (see reasons). What S3 answers for a
// bucket without them is the truth here.

// constant answers with a document that is the same for every bucket.
func constant(root string, fill func(*document)) func(*Door, *call) error {
	return func(_ *Door, c *call) error {
		x := newDocument()
		x.root(root)
		fill(x)
		x.close(root)
		x.write(c.w, http.StatusOK)
		return nil
	}
}

// none answers that the bucket has no such configuration.
func none(err *wireError) func(*Door, *call) error {
	return func(_ *Door, c *call) error { return err.and("BucketName", c.bucketName) }
}

// listOfNone answers with the empty list of configurations.
func listOfNone(root string) func(*Door, *call) error {
	return constant(root, func(x *document) { x.bool("IsTruncated", false) })
}

var (
	errNoConfiguration = &wireError{code: "NoSuchConfiguration", status: 404, message: "The specified configuration does not exist."}
	errNoReplication   = &wireError{code: "ReplicationConfigurationNotFoundError", status: 404, message: "The replication configuration was not found"}
	errNoMetadata      = &wireError{code: "MetadataConfigurationNotFound", status: 404, message: "The metadata configuration was not found"}
)

var (
	// API reference, GetBucketAccelerateConfiguration: empty when it was never set.
	getBucketAccelerate = constant("AccelerateConfiguration", func(*document) {})
	// API reference, GetBucketRequestPayment.
	getBucketRequestPayment = constant("RequestPaymentConfiguration", func(x *document) { x.element("Payer", "BucketOwner") })
	// API reference, GetBucketAbac.
	getBucketABAC = constant("AbacStatus", func(x *document) { x.element("Status", "Disabled") })
)
