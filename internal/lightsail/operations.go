package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"

	"github.com/keyhaven/keyhaven/internal/awsjson"
)

// operation is one row: what the door needs to know to serve it. The IAM action
// is lightsail:<name>.
type operation struct {
	name   string
	bucket func(in any) *string // the name of the bucket it is authorized on; nil for *
	// instance is the name of the machine it is authorized on when there is no
	// such bucket; nil for none.
	instance func(in any) *string
	decode   func(body []byte) (any, error)
	handle   func(ctx context.Context, c *call, in any) (any, error)
}

// rows are the operations that are built. Which resource each is authorized on
// is in the Service Authorization Reference, "Actions, resources, and condition
// keys for Amazon Lightsail". Any other target is unknown to this door.
func (d *Door) rows() []*operation {
	return []*operation{
		row("CreateBucket", nil, d.createBucket),
		row("DeleteBucket", func(in *lightsail.DeleteBucketInput) *string { return in.BucketName }, d.deleteBucket),
		row("GetBuckets", nil, d.getBuckets),
		row("UpdateBucket", func(in *lightsail.UpdateBucketInput) *string { return in.BucketName }, d.updateBucket),
		row("UpdateBucketBundle", func(in *lightsail.UpdateBucketBundleInput) *string { return in.BucketName }, d.updateBucketBundle),
		row("GetBucketBundles", nil, d.getBucketBundles),
		row("CreateBucketAccessKey", func(in *lightsail.CreateBucketAccessKeyInput) *string { return in.BucketName }, d.createBucketAccessKey),
		row("GetBucketAccessKeys", nil, d.getBucketAccessKeys),
		row("DeleteBucketAccessKey", func(in *lightsail.DeleteBucketAccessKeyInput) *string { return in.BucketName }, d.deleteBucketAccessKey),
		row("GetBucketMetricData", func(in *lightsail.GetBucketMetricDataInput) *string { return in.BucketName }, d.getBucketMetricData),
		row("SetResourceAccessForBucket", func(in *lightsail.SetResourceAccessForBucketInput) *string { return in.BucketName }, d.setResourceAccessForBucket),
		row("PutAlarm", nil, d.putAlarm),
		row("GetAlarms", nil, d.getAlarms),
		row("DeleteAlarm", nil, d.deleteAlarm),
		row("TestAlarm", nil, d.testAlarm),
		row("CreateContactMethod", nil, d.createContactMethod),
		row("GetContactMethods", nil, d.getContactMethods),
		row("DeleteContactMethod", nil, d.deleteContactMethod),
		row("SendContactMethodVerification", nil, d.sendContactMethodVerification),
		row("CreateInstances", nil, d.createInstances),
		machineRow("GetInstance", func(in *lightsail.GetInstanceInput) *string { return in.InstanceName }, d.getInstance),
		row("GetInstances", nil, d.getInstances),
		machineRow("GetInstanceState", func(in *lightsail.GetInstanceStateInput) *string { return in.InstanceName }, d.getInstanceState),
		machineRow("StartInstance", func(in *lightsail.StartInstanceInput) *string { return in.InstanceName }, d.startInstance),
		machineRow("StopInstance", func(in *lightsail.StopInstanceInput) *string { return in.InstanceName }, d.stopInstance),
		machineRow("RebootInstance", func(in *lightsail.RebootInstanceInput) *string { return in.InstanceName }, d.rebootInstance),
		machineRow("DeleteInstance", func(in *lightsail.DeleteInstanceInput) *string { return in.InstanceName }, d.deleteInstance),
		eitherRow("TagResource", func(in *lightsail.TagResourceInput) *string { return in.ResourceName }, d.tagResource),
		eitherRow("UntagResource", func(in *lightsail.UntagResourceInput) *string { return in.ResourceName }, d.untagResource),
		row("GetOperation", nil, d.getOperation),
		row("GetOperations", nil, d.getOperations),
		row("GetOperationsForResource", nil, d.getOperationsForResource),
		row("GetActiveNames", nil, d.getActiveNames),
		row("GetRegions", nil, d.getRegions),
	}
}

// row makes an operation of its name, the bucket it is authorized on (nil: *)
// and its handler.
func row[In, Out any](name string, bucket func(*In) *string, handle func(context.Context, *call, *In) (*Out, error)) *operation {
	op := &operation{
		name: name,
		decode: func(body []byte) (any, error) {
			in := new(In)
			return in, awsjson.Decode(body, in)
		},
		handle: func(ctx context.Context, c *call, in any) (any, error) { return handle(ctx, c, in.(*In)) },
	}
	if bucket != nil {
		op.bucket = func(in any) *string { return bucket(in.(*In)) }
	}
	return op
}

// machineRow is row for an operation that is authorized on a machine.
func machineRow[In, Out any](name string, instance func(*In) *string, handle func(context.Context, *call, *In) (*Out, error)) *operation {
	op := row(name, nil, handle)
	op.instance = func(in any) *string { return instance(in.(*In)) }
	return op
}

// eitherRow is row for an operation that is authorized on a bucket or a machine.
func eitherRow[In, Out any](name string, resource func(*In) *string, handle func(context.Context, *call, *In) (*Out, error)) *operation {
	op := row(name, resource, handle)
	op.instance = op.bucket
	return op
}
