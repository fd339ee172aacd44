package keyhaven

// BucketConfig names a configuration document of a bucket, which is kept beside
// the bucket's record. The values are stored: only append.
type BucketConfig uint8

// The documents.
const (
	ConfigPolicy       BucketConfig = iota + 1 // bucket policy
	ConfigCORS                                 // cross-origin resource sharing
	ConfigLifecycle                            // lifecycle rules
	ConfigEncryption                           // default encryption
	ConfigObjectLock                           // object lock and its default retention
	ConfigLogging                              // server access logs
	ConfigWebsite                              // static website
	ConfigNotification                         // event notifications
)

var bucketConfigNames = [...]string{
	"", "policy", "CORS", "lifecycle", "encryption", "object lock", "logging", "website", "notification",
}

func (c BucketConfig) String() string {
	if int(c) < len(bucketConfigNames) {
		return bucketConfigNames[c]
	}
	return ""
}

// BucketConfigs is a set of documents.
type BucketConfigs uint64

// Has reports whether the document is in the set.
func (s BucketConfigs) Has(c BucketConfig) bool { return s&(1<<c) != 0 }

// With returns the set with or without a document.
func (s BucketConfigs) With(c BucketConfig, there bool) BucketConfigs {
	if there {
		return s | 1<<c
	}
	return s &^ (1 << c)
}
