package s3

// operation is one row: how a request selects it and what it needs. A row
// without an action cannot be written: the arch of the package's tests refuses
// it. Rows are tried in order, so that a more selective one stands first.
type operation struct {
	name   string
	method string
	scope  scope
	param  string // query parameter that must be there
	value  string // its value, when it matters
	param2 string // a second one
	header string // header that must be there

	action        string // IAM action (Service Authorization Reference, Amazon S3)
	versionAction string // the action when versionId is given
	form          bool   // signed by an HTML form
	byACL         bool   // the object's own access control list may allow it
	perKey        bool   // the handler asks for the permission on each key that the request names
	handle        func(*Door, *call) error
}

// operations are the rows of the S3 API. Those without a handler answer
// NotImplemented.
var operations = []*operation{
	{name: "ListBuckets", method: "GET", scope: onService, action: "s3:ListAllMyBuckets", handle: (*Door).listBuckets},

	{name: "UploadPartCopy", method: "PUT", scope: onObject, param: "uploadId", header: "X-Amz-Copy-Source", action: "s3:PutObject", handle: (*Door).uploadPartCopy},
	{name: "UploadPart", method: "PUT", scope: onObject, param: "uploadId", action: "s3:PutObject", handle: (*Door).uploadPart},
	{name: "PutObjectAcl", method: "PUT", scope: onObject, param: "acl", action: "s3:PutObjectAcl", versionAction: "s3:PutObjectVersionAcl", byACL: true, handle: (*Door).putObjectACL},
	{name: "PutObjectTagging", method: "PUT", scope: onObject, param: "tagging", action: "s3:PutObjectTagging", versionAction: "s3:PutObjectVersionTagging", handle: (*Door).putObjectTagging},
	{name: "PutObjectAnnotation", method: "PUT", scope: onObject, param: "annotation", action: "s3:PutObjectAnnotation"},
	{name: "PutObjectLegalHold", method: "PUT", scope: onObject, param: "legal-hold", action: "s3:PutObjectLegalHold", handle: (*Door).putObjectLegalHold},
	{name: "PutObjectRetention", method: "PUT", scope: onObject, param: "retention", action: "s3:PutObjectRetention", handle: (*Door).putObjectRetention},
	{name: "RenameObject", method: "PUT", scope: onObject, param: "renameObject", action: "s3express:CreateSession"},
	{name: "UpdateObjectEncryption", method: "PUT", scope: onObject, param: "encryption", action: "s3:UpdateObjectEncryption"},
	{name: "CopyObject", method: "PUT", scope: onObject, header: "X-Amz-Copy-Source", action: "s3:PutObject", handle: (*Door).copyObject},
	{name: "PutObject", method: "PUT", scope: onObject, action: "s3:PutObject", handle: (*Door).putObject},

	{name: "ListParts", method: "GET", scope: onObject, param: "uploadId", action: "s3:ListMultipartUploadParts", handle: (*Door).listParts},
	{name: "GetObjectAcl", method: "GET", scope: onObject, param: "acl", action: "s3:GetObjectAcl", versionAction: "s3:GetObjectVersionAcl", byACL: true, handle: (*Door).getObjectACL},
	{name: "GetObjectAttributes", method: "GET", scope: onObject, param: "attributes", action: "s3:GetObjectAttributes", versionAction: "s3:GetObjectVersionAttributes", handle: (*Door).getObjectAttributes},
	{name: "GetObjectTagging", method: "GET", scope: onObject, param: "tagging", action: "s3:GetObjectTagging", versionAction: "s3:GetObjectVersionTagging", handle: (*Door).getObjectTagging},
	{name: "GetObjectLegalHold", method: "GET", scope: onObject, param: "legal-hold", action: "s3:GetObjectLegalHold", handle: (*Door).getObjectLegalHold},
	{name: "GetObjectRetention", method: "GET", scope: onObject, param: "retention", action: "s3:GetObjectRetention", handle: (*Door).getObjectRetention},
	{name: "GetObjectAnnotation", method: "GET", scope: onObject, param: "annotation", param2: "annotationName", action: "s3:GetObjectAnnotation"},
	{name: "ListObjectAnnotations", method: "GET", scope: onObject, param: "annotation", action: "s3:ListObjectAnnotations"},
	{name: "GetObjectTorrent", method: "GET", scope: onObject, param: "torrent", action: "s3:GetObjectTorrent"},
	{name: "GetObject", method: "GET", scope: onObject, action: "s3:GetObject", versionAction: "s3:GetObjectVersion", byACL: true, handle: (*Door).getObject},
	{name: "HeadObject", method: "HEAD", scope: onObject, action: "s3:GetObject", versionAction: "s3:GetObjectVersion", byACL: true, handle: (*Door).headObject},

	{name: "CreateMultipartUpload", method: "POST", scope: onObject, param: "uploads", action: "s3:PutObject", handle: (*Door).createMultipartUpload},
	{name: "CompleteMultipartUpload", method: "POST", scope: onObject, param: "uploadId", action: "s3:PutObject", handle: (*Door).completeMultipartUpload},
	{name: "SelectObjectContent", method: "POST", scope: onObject, param: "select", action: "s3:GetObject"},
	{name: "RestoreObject", method: "POST", scope: onObject, param: "restore", action: "s3:RestoreObject"},

	{name: "AbortMultipartUpload", method: "DELETE", scope: onObject, param: "uploadId", action: "s3:AbortMultipartUpload", handle: (*Door).abortMultipartUpload},
	{name: "DeleteObjectTagging", method: "DELETE", scope: onObject, param: "tagging", action: "s3:DeleteObjectTagging", versionAction: "s3:DeleteObjectVersionTagging", handle: (*Door).deleteObjectTagging},
	{name: "DeleteObjectAnnotation", method: "DELETE", scope: onObject, param: "annotation", action: "s3:DeleteObjectAnnotation"},
	{name: "DeleteObject", method: "DELETE", scope: onObject, action: "s3:DeleteObject", versionAction: "s3:DeleteObjectVersion", handle: (*Door).deleteObject},

	{name: "GetBucketLocation", method: "GET", scope: onBucket, param: "location", action: "s3:GetBucketLocation", handle: (*Door).getBucketLocation},
	{name: "GetBucketVersioning", method: "GET", scope: onBucket, param: "versioning", action: "s3:GetBucketVersioning", handle: (*Door).getBucketVersioning},
	{name: "ListObjectVersions", method: "GET", scope: onBucket, param: "versions", action: "s3:ListBucketVersions", handle: (*Door).listObjectVersions},
	{name: "ListMultipartUploads", method: "GET", scope: onBucket, param: "uploads", action: "s3:ListBucketMultipartUploads", handle: (*Door).listMultipartUploads},
	{name: "ListObjectsV2", method: "GET", scope: onBucket, param: "list-type", value: "2", action: "s3:ListBucket", handle: (*Door).listObjectsV2},
	{name: "GetBucketAbac", method: "GET", scope: onBucket, param: "abac", action: "s3:GetBucketAbac", handle: getBucketABAC},
	{name: "GetBucketAccelerateConfiguration", method: "GET", scope: onBucket, param: "accelerate", action: "s3:GetAccelerateConfiguration", handle: getBucketAccelerate},
	{name: "GetBucketAcl", method: "GET", scope: onBucket, param: "acl", action: "s3:GetBucketAcl", handle: (*Door).getBucketACL},
	{name: "GetBucketAnalyticsConfiguration", method: "GET", scope: onBucket, param: "analytics", param2: "id", action: "s3:GetAnalyticsConfiguration", handle: none(errNoConfiguration)},
	{name: "ListBucketAnalyticsConfigurations", method: "GET", scope: onBucket, param: "analytics", action: "s3:GetAnalyticsConfiguration", handle: listOfNone("ListBucketAnalyticsConfigurationResult")},
	{name: "GetBucketCors", method: "GET", scope: onBucket, param: "cors", action: "s3:GetBucketCORS", handle: (*Door).getBucketCORS},
	{name: "GetBucketEncryption", method: "GET", scope: onBucket, param: "encryption", action: "s3:GetEncryptionConfiguration", handle: (*Door).getBucketEncryption},
	{name: "GetBucketIntelligentTieringConfiguration", method: "GET", scope: onBucket, param: "intelligent-tiering", param2: "id", action: "s3:GetIntelligentTieringConfiguration", handle: none(errNoConfiguration)},
	{name: "ListBucketIntelligentTieringConfigurations", method: "GET", scope: onBucket, param: "intelligent-tiering", action: "s3:GetIntelligentTieringConfiguration", handle: listOfNone("ListBucketIntelligentTieringConfigurationsOutput")},
	{name: "GetBucketInventoryConfiguration", method: "GET", scope: onBucket, param: "inventory", param2: "id", action: "s3:GetInventoryConfiguration", handle: none(errNoConfiguration)},
	{name: "ListBucketInventoryConfigurations", method: "GET", scope: onBucket, param: "inventory", action: "s3:GetInventoryConfiguration", handle: listOfNone("ListInventoryConfigurationsResult")},
	{name: "GetBucketLifecycleConfiguration", method: "GET", scope: onBucket, param: "lifecycle", action: "s3:GetLifecycleConfiguration", handle: (*Door).getBucketLifecycle},
	{name: "GetBucketLogging", method: "GET", scope: onBucket, param: "logging", action: "s3:GetBucketLogging", handle: (*Door).getBucketLogging},
	{name: "GetBucketMetadataConfiguration", method: "GET", scope: onBucket, param: "metadataConfiguration", action: "s3:GetBucketMetadataTableConfiguration", handle: none(errNoMetadata)},
	{name: "GetBucketMetadataTableConfiguration", method: "GET", scope: onBucket, param: "metadataTable", action: "s3:GetBucketMetadataTableConfiguration", handle: none(errNoMetadata)},
	{name: "GetBucketMetricsConfiguration", method: "GET", scope: onBucket, param: "metrics", param2: "id", action: "s3:GetMetricsConfiguration", handle: none(errNoConfiguration)},
	{name: "ListBucketMetricsConfigurations", method: "GET", scope: onBucket, param: "metrics", action: "s3:GetMetricsConfiguration", handle: listOfNone("ListMetricsConfigurationsResult")},
	{name: "GetBucketNotificationConfiguration", method: "GET", scope: onBucket, param: "notification", action: "s3:GetBucketNotification", handle: (*Door).getBucketNotification},
	{name: "GetBucketOwnershipControls", method: "GET", scope: onBucket, param: "ownershipControls", action: "s3:GetBucketOwnershipControls", handle: (*Door).getBucketOwnershipControls},
	{name: "GetBucketPolicy", method: "GET", scope: onBucket, param: "policy", action: "s3:GetBucketPolicy", handle: (*Door).getBucketPolicy},
	{name: "GetBucketPolicyStatus", method: "GET", scope: onBucket, param: "policyStatus", action: "s3:GetBucketPolicyStatus", handle: (*Door).getBucketPolicyStatus},
	{name: "GetBucketReplication", method: "GET", scope: onBucket, param: "replication", action: "s3:GetReplicationConfiguration", handle: none(errNoReplication)},
	{name: "GetBucketRequestPayment", method: "GET", scope: onBucket, param: "requestPayment", action: "s3:GetBucketRequestPayment", handle: getBucketRequestPayment},
	{name: "GetBucketTagging", method: "GET", scope: onBucket, param: "tagging", action: "s3:GetBucketTagging", handle: (*Door).getBucketTagging},
	{name: "GetBucketWebsite", method: "GET", scope: onBucket, param: "website", action: "s3:GetBucketWebsite", handle: (*Door).getBucketWebsite},
	{name: "GetObjectLockConfiguration", method: "GET", scope: onBucket, param: "object-lock", action: "s3:GetBucketObjectLockConfiguration", handle: (*Door).getObjectLockConfiguration},
	{name: "GetPublicAccessBlock", method: "GET", scope: onBucket, param: "publicAccessBlock", action: "s3:GetBucketPublicAccessBlock", handle: (*Door).getPublicAccessBlock},
	{name: "CreateSession", method: "GET", scope: onBucket, param: "session", action: "s3express:CreateSession"},
	{name: "ListObjects", method: "GET", scope: onBucket, action: "s3:ListBucket", handle: (*Door).listObjects},
	{name: "HeadBucket", method: "HEAD", scope: onBucket, action: "s3:ListBucket", handle: (*Door).headBucket},

	{name: "PutBucketVersioning", method: "PUT", scope: onBucket, param: "versioning", action: "s3:PutBucketVersioning", handle: (*Door).putBucketVersioning},
	{name: "PutBucketAbac", method: "PUT", scope: onBucket, param: "abac", action: "s3:PutBucketAbac"},
	{name: "PutBucketAccelerateConfiguration", method: "PUT", scope: onBucket, param: "accelerate", action: "s3:PutAccelerateConfiguration"},
	{name: "PutBucketAcl", method: "PUT", scope: onBucket, param: "acl", action: "s3:PutBucketAcl", handle: (*Door).putBucketACL},
	{name: "PutBucketAnalyticsConfiguration", method: "PUT", scope: onBucket, param: "analytics", action: "s3:PutAnalyticsConfiguration"},
	{name: "PutBucketCors", method: "PUT", scope: onBucket, param: "cors", action: "s3:PutBucketCORS", handle: (*Door).putBucketCORS},
	{name: "PutBucketEncryption", method: "PUT", scope: onBucket, param: "encryption", action: "s3:PutEncryptionConfiguration", handle: (*Door).putBucketEncryption},
	{name: "PutBucketIntelligentTieringConfiguration", method: "PUT", scope: onBucket, param: "intelligent-tiering", action: "s3:PutIntelligentTieringConfiguration"},
	{name: "PutBucketInventoryConfiguration", method: "PUT", scope: onBucket, param: "inventory", action: "s3:PutInventoryConfiguration"},
	{name: "PutBucketLifecycleConfiguration", method: "PUT", scope: onBucket, param: "lifecycle", action: "s3:PutLifecycleConfiguration", handle: (*Door).putBucketLifecycle},
	{name: "PutBucketLogging", method: "PUT", scope: onBucket, param: "logging", action: "s3:PutBucketLogging", handle: (*Door).putBucketLogging},
	{name: "PutBucketMetricsConfiguration", method: "PUT", scope: onBucket, param: "metrics", action: "s3:PutMetricsConfiguration"},
	{name: "PutBucketNotificationConfiguration", method: "PUT", scope: onBucket, param: "notification", action: "s3:PutBucketNotification", handle: (*Door).putBucketNotification},
	{name: "PutBucketOwnershipControls", method: "PUT", scope: onBucket, param: "ownershipControls", action: "s3:PutBucketOwnershipControls", handle: (*Door).putBucketOwnershipControls},
	{name: "PutBucketPolicy", method: "PUT", scope: onBucket, param: "policy", action: "s3:PutBucketPolicy", handle: (*Door).putBucketPolicy},
	{name: "PutBucketReplication", method: "PUT", scope: onBucket, param: "replication", action: "s3:PutReplicationConfiguration"},
	{name: "PutBucketRequestPayment", method: "PUT", scope: onBucket, param: "requestPayment", action: "s3:PutBucketRequestPayment"},
	{name: "PutBucketTagging", method: "PUT", scope: onBucket, param: "tagging", action: "s3:PutBucketTagging", handle: (*Door).putBucketTagging},
	{name: "PutBucketWebsite", method: "PUT", scope: onBucket, param: "website", action: "s3:PutBucketWebsite", handle: (*Door).putBucketWebsite},
	{name: "PutObjectLockConfiguration", method: "PUT", scope: onBucket, param: "object-lock", action: "s3:PutBucketObjectLockConfiguration", handle: (*Door).putObjectLockConfiguration},
	{name: "PutPublicAccessBlock", method: "PUT", scope: onBucket, param: "publicAccessBlock", action: "s3:PutBucketPublicAccessBlock", handle: (*Door).putPublicAccessBlock},
	{name: "UpdateBucketMetadataAnnotationTableConfiguration", method: "PUT", scope: onBucket, param: "metadataAnnotationTable", action: "s3:UpdateBucketMetadataAnnotationTableConfiguration"},
	{name: "UpdateBucketMetadataInventoryTableConfiguration", method: "PUT", scope: onBucket, param: "metadataInventoryTable", action: "s3:UpdateBucketMetadataInventoryTableConfiguration"},
	{name: "UpdateBucketMetadataJournalTableConfiguration", method: "PUT", scope: onBucket, param: "metadataJournalTable", action: "s3:UpdateBucketMetadataJournalTableConfiguration"},
	{name: "CreateBucket", method: "PUT", scope: onBucket, action: "s3:CreateBucket", handle: (*Door).createBucket},

	{name: "DeleteObjects", method: "POST", scope: onBucket, param: "delete", action: "s3:DeleteObject", perKey: true, handle: (*Door).deleteObjects},
	{name: "CreateBucketMetadataConfiguration", method: "POST", scope: onBucket, param: "metadataConfiguration", action: "s3:CreateBucketMetadataTableConfiguration"},
	{name: "CreateBucketMetadataTableConfiguration", method: "POST", scope: onBucket, param: "metadataTable", action: "s3:CreateBucketMetadataTableConfiguration"},
	{name: "PostObject", method: "POST", scope: onBucket, action: "s3:PutObject", form: true, handle: (*Door).postObject},

	{name: "DeleteBucketAnalyticsConfiguration", method: "DELETE", scope: onBucket, param: "analytics", action: "s3:PutAnalyticsConfiguration"},
	{name: "DeleteBucketCors", method: "DELETE", scope: onBucket, param: "cors", action: "s3:PutBucketCORS", handle: (*Door).deleteBucketCORS},
	{name: "DeleteBucketEncryption", method: "DELETE", scope: onBucket, param: "encryption", action: "s3:PutEncryptionConfiguration", handle: (*Door).deleteBucketEncryption},
	{name: "DeleteBucketIntelligentTieringConfiguration", method: "DELETE", scope: onBucket, param: "intelligent-tiering", action: "s3:PutIntelligentTieringConfiguration"},
	{name: "DeleteBucketInventoryConfiguration", method: "DELETE", scope: onBucket, param: "inventory", action: "s3:PutInventoryConfiguration"},
	{name: "DeleteBucketLifecycle", method: "DELETE", scope: onBucket, param: "lifecycle", action: "s3:PutLifecycleConfiguration", handle: (*Door).deleteBucketLifecycle},
	{name: "DeleteBucketMetadataConfiguration", method: "DELETE", scope: onBucket, param: "metadataConfiguration", action: "s3:DeleteBucketMetadataTableConfiguration"},
	{name: "DeleteBucketMetadataTableConfiguration", method: "DELETE", scope: onBucket, param: "metadataTable", action: "s3:DeleteBucketMetadataTableConfiguration"},
	{name: "DeleteBucketMetricsConfiguration", method: "DELETE", scope: onBucket, param: "metrics", action: "s3:PutMetricsConfiguration"},
	{name: "DeleteBucketOwnershipControls", method: "DELETE", scope: onBucket, param: "ownershipControls", action: "s3:PutBucketOwnershipControls", handle: (*Door).deleteBucketOwnershipControls},
	{name: "DeleteBucketPolicy", method: "DELETE", scope: onBucket, param: "policy", action: "s3:DeleteBucketPolicy", handle: (*Door).deleteBucketPolicy},
	{name: "DeleteBucketReplication", method: "DELETE", scope: onBucket, param: "replication", action: "s3:PutReplicationConfiguration"},
	{name: "DeleteBucketTagging", method: "DELETE", scope: onBucket, param: "tagging", action: "s3:PutBucketTagging", handle: (*Door).deleteBucketTagging},
	{name: "DeleteBucketWebsite", method: "DELETE", scope: onBucket, param: "website", action: "s3:DeleteBucketWebsite", handle: (*Door).deleteBucketWebsite},
	{name: "DeletePublicAccessBlock", method: "DELETE", scope: onBucket, param: "publicAccessBlock", action: "s3:PutBucketPublicAccessBlock", handle: (*Door).deletePublicAccessBlock},
	{name: "DeleteBucket", method: "DELETE", scope: onBucket, action: "s3:DeleteBucket", handle: (*Door).deleteBucket},
}

// subresources are the query parameters that name one, so that a request for
// one which no row has is never taken for the plain operation.
var subresources = func() map[string]bool {
	m := map[string]bool{"session": true}
	for _, op := range operations {
		if op.param != "" && op.value == "" {
			m[op.param] = true
		}
	}
	return m
}()
