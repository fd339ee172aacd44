package s3

// reasons say why an operation is not built. docs/compatibility.md shows them;
// a row without a handler must have one.
var reasons = map[string]string{
	"PutObjectAnnotation":    annotations,
	"GetObjectAnnotation":    annotations,
	"ListObjectAnnotations":  annotations,
	"DeleteObjectAnnotation": annotations,

	"RenameObject":           "only directory buckets (S3 Express) have it; copy and delete instead",
	"CreateSession":          "only directory buckets (S3 Express) have it",
	"UpdateObjectEncryption": "changes the key of stored bytes in place; copy the object onto itself with other encryption headers",
	"GetObjectTorrent":       "AWS has withdrawn it from new customers",
	"SelectObjectContent":    "AWS has withdrawn it from new customers; a query engine does not belong into the store",
	"RestoreObject":          "there is one storage class, STANDARD, from which nothing needs to be restored",

	"PutBucketAbac":                    "access by attributes is not part of buckets here; conditions on tags in policies are",
	"PutBucketAccelerateConfiguration": "there is no network of edge locations",
	"PutBucketRequestPayment":          "there is no billing",
	"PutBucketReplication":             replication,
	"DeleteBucketReplication":          replication,

	"PutBucketAnalyticsConfiguration":             storageClasses,
	"DeleteBucketAnalyticsConfiguration":          storageClasses,
	"PutBucketIntelligentTieringConfiguration":    storageClasses,
	"DeleteBucketIntelligentTieringConfiguration": storageClasses,

	"PutBucketInventoryConfiguration":    "listings are cheap and always current",
	"DeleteBucketInventoryConfiguration": "listings are cheap and always current",
	"PutBucketMetricsConfiguration":      "metrics are for the whole server",
	"DeleteBucketMetricsConfiguration":   "metrics are for the whole server",

	"CreateBucketMetadataConfiguration":                metadataTables,
	"DeleteBucketMetadataConfiguration":                metadataTables,
	"CreateBucketMetadataTableConfiguration":           metadataTables,
	"DeleteBucketMetadataTableConfiguration":           metadataTables,
	"UpdateBucketMetadataAnnotationTableConfiguration": metadataTables,
	"UpdateBucketMetadataInventoryTableConfiguration":  metadataTables,
	"UpdateBucketMetadataJournalTableConfiguration":    metadataTables,
}

const (
	annotations    = "annotations are a second store of metadata beside tags and x-amz-meta-*"
	replication    = "buckets are copied by backups and by tools such as rclone; there is one server"
	storageClasses = "there is one storage class, so there is nothing to analyse or to move"
	metadataTables = "tables of metadata need S3 Tables and a query engine"
)
