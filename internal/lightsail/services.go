package lightsail

import (
	"context"
	"net/http"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/usage"
)

// Access verifies who calls, decides what they may do, and keeps the access keys
// of buckets. Implemented by access.Service.
type Access interface {
	// Authenticate verifies the signature of r for the service; bodyHash is the
	// SHA-256 of the body in hex. It returns a *sigv4.Error or a
	// *keyhaven.Error.
	Authenticate(r *http.Request, service, bodyHash string) (*access.Identity, error)
	// Authorize returns a *keyhaven.Error of Kind Denied when the principal may
	// not take the action on the resource.
	Authorize(ctx context.Context, id *access.Identity, action string, res access.Resource) error

	Account(ctx context.Context, id keyhaven.AccountID) (*keyhaven.Account, error)

	CreateBucketKey(ctx context.Context, in access.BucketKeyInput) (*keyhaven.AccessKey, keyhaven.Operation, error)
	BucketKeys(ctx context.Context, in access.BucketKeyInput) ([]*keyhaven.AccessKey, error)
	DeleteBucketKey(ctx context.Context, in access.BucketKeyInput, keyID string) (keyhaven.Operation, error)
}

// Buckets keeps buckets and the records of what was done to them. Implemented
// by bucket.Service. Every change returns its record.
type Buckets interface {
	Get(ctx context.Context, name string) (*keyhaven.Bucket, error)
	List(ctx context.Context, account keyhaven.AccountID, region, pageToken string) ([]*keyhaven.Bucket, string, error)
	Create(ctx context.Context, in bucket.CreateInput) (*keyhaven.Bucket, keyhaven.Operation, error)
	Update(ctx context.Context, in bucket.UpdateInput) (*keyhaven.Bucket, keyhaven.Operation, error)
	UpdateBundle(ctx context.Context, in bucket.UpdateBundleInput) (*keyhaven.Bucket, keyhaven.Operation, error)
	Delete(ctx context.Context, in bucket.DeleteInput) (keyhaven.Operation, error)
	Bundles() keyhaven.Catalog
	CORS(ctx context.Context, b *keyhaven.Bucket) (*keyhaven.CORS, error)
	Logging(ctx context.Context, b *keyhaven.Bucket) (*keyhaven.Logging, error)

	SetResourceAccess(ctx context.Context, in bucket.ResourceAccessInput) (keyhaven.Operation, error)
	Receivers(ctx context.Context, b *keyhaven.Bucket) ([]string, error)

	Tag(ctx context.Context, in bucket.TagInput) (keyhaven.Operation, error)
	Untag(ctx context.Context, in bucket.UntagInput) (keyhaven.Operation, error)

	Operation(ctx context.Context, account keyhaven.AccountID, id string) (*keyhaven.Operation, error)
	Operations(ctx context.Context, account keyhaven.AccountID, region, pageToken string) ([]keyhaven.Operation, string, error)
	OperationsForResource(ctx context.Context, account keyhaven.AccountID, region, name, pageToken string) ([]keyhaven.Operation, string, error)
	ActiveNames(ctx context.Context, account keyhaven.AccountID, region, pageToken string) ([]string, string, error)
}

// Metrics tells what was measured of buckets. Implemented by usage.Service.
type Metrics interface {
	Data(ctx context.Context, q usage.Query) ([]usage.Datapoint, error)
	Plan(ctx context.Context, b *keyhaven.Bucket) (*usage.Plan, error)
}

// Alarms watches buckets and tells contacts. Implemented by alarm.Service.
type Alarms interface {
	Put(ctx context.Context, a keyhaven.Alarm) (keyhaven.Operation, error)
	List(ctx context.Context, account keyhaven.AccountID, region, name, bucket string) ([]*keyhaven.Alarm, error)
	Delete(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error)
	Test(ctx context.Context, account keyhaven.AccountID, region, name string, state keyhaven.AlarmState) (keyhaven.Operation, error)

	CreateContact(ctx context.Context, c keyhaven.Contact) (keyhaven.Operation, error)
	Contacts(ctx context.Context, account keyhaven.AccountID, region string, protocols []keyhaven.ContactProtocol) ([]*keyhaven.Contact, error)
	DeleteContact(ctx context.Context, account keyhaven.AccountID, region string, p keyhaven.ContactProtocol) (keyhaven.Operation, error)
	Invite(ctx context.Context, account keyhaven.AccountID, region string) (keyhaven.Operation, error)
}

// Machines keeps the machines that use buckets without keys. Implemented by
// identity.Service. Every change returns its record.
type Machines interface {
	Instance(ctx context.Context, account keyhaven.AccountID, region, name string) (*keyhaven.Instance, error)
	InstancesIn(ctx context.Context, account keyhaven.AccountID, region, pageToken string) ([]*keyhaven.Instance, string, error)
	CreateInstances(ctx context.Context, in identity.CreateInstancesInput) ([]keyhaven.Operation, error)
	StartInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error)
	StopInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error)
	RebootInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error)
	DeleteInstance(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error)
	TagInstance(ctx context.Context, account keyhaven.AccountID, region, name string, tags []keyhaven.Tag) (keyhaven.Operation, error)
	UntagInstance(ctx context.Context, account keyhaven.AccountID, region, name string, keys []string) (keyhaven.Operation, error)
}
