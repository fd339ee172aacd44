package crash

// api is what the workload does, in the words of its model. Errors are
// errAbsent, errRefused, or others, which leave the outcome open.
type api interface {
	createBucket(name string, versioned bool) error
	deleteBucket(name string) error // with everything in it
	buckets() ([]string, error)

	put(bucket, key string, body []byte, ifAbsent bool) error
	copyObject(bucket, from, to string) error
	get(bucket, key, version string) ([]byte, error)
	remove(bucket, key, version string) error
	list(bucket string) ([]listed, error)
	versions(bucket, key string) ([]version, error)

	createUpload(bucket, key string) (id string, err error)
	putPart(bucket, key, id string, number int, body []byte) (etag string, err error)
	complete(bucket, key, id string, parts []part) error
	abort(bucket, key, id string) error
	uploads(bucket string) ([]upload, error)
	parts(bucket, key, id string) ([]part, error)

	createKey(bucket string) (accessKey, error)
	deleteKey(bucket, id string) error
	keys(bucket string) (ids []string, err error)
	accepted(bucket string, k accessKey) (bool, error) // a request signed with it
}

type (
	listed struct {
		key  string
		size int64
		etag string
	}
	version struct {
		id     string
		marker bool
		latest bool
	}
	upload struct{ key, id string }
	part   struct {
		number int
		etag   string
		size   int64
	}
	accessKey struct{ id, secret string }
)
