package lightsail

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
)

// maxInstanceNames is how many machines one call makes.
const maxInstanceNames = 100

// createInstances makes pending machines. Nothing boots here: what would tell a
// machine what to be is kept as its description, or refused where the caller
// counts on its being done.
func (d *Door) createInstances(ctx context.Context, c *call, in *lightsail.CreateInstancesInput) (*lightsail.CreateInstancesOutput, error) {
	if len(in.InstanceNames) == 0 {
		return nil, missing("instanceNames")
	}
	if len(in.InstanceNames) > maxInstanceNames {
		return nil, invalid("The member instanceNames must have at most 100 names.")
	}
	for _, name := range in.InstanceNames {
		if _, err := resource(&name); err != nil {
			return nil, err
		}
	}
	zone, err := zoneOf(c.region(), in.AvailabilityZone)
	if err != nil {
		return nil, err
	}
	blueprint, err := description("blueprintId", in.BlueprintId)
	if err != nil {
		return nil, err
	}
	bundle, err := description("bundleId", in.BundleId)
	if err != nil {
		return nil, err
	}
	if err := nothingToBoot(in); err != nil {
		return nil, err
	}
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	ops, err := d.machines.CreateInstances(ctx, identity.CreateInstancesInput{
		Account: c.account(), Region: c.region(), Names: in.InstanceNames, Zone: zone, Bundle: bundle, Blueprint: blueprint, Tags: tags,
	})
	if err != nil {
		return nil, err
	}
	return &lightsail.CreateInstancesOutput{Operations: operationShapes(ops...)}, nil
}

// zoneOf checks an availability zone: the region and one letter.
func zoneOf(region string, s *string) (string, error) {
	if s == nil {
		return "", missing("availabilityZone")
	}
	rest, ok := strings.CutPrefix(*s, region)
	if !ok || len(rest) != 1 || rest[0] < 'a' || rest[0] > 'z' {
		return "", invalid("The member availabilityZone must be a zone of the region " + region + ", as " + region + "a.")
	}
	return *s, nil
}

// description is the id of a blueprint or of a bundle, of which there is no list.
func description(member string, s *string) (string, error) {
	id, err := nonEmpty(member, s)
	if err == nil && len(id) > maxRepeated {
		err = invalid("The member " + member + " must have at most 255 characters.")
	}
	return id, err
}

// nothingToBoot refuses what only a machine that we start could do.
func nothingToBoot(in *lightsail.CreateInstancesInput) error {
	const why = " is not supported: an instance is a machine of yours that uses buckets, and is not started here."
	switch {
	case value(in.UserData) != "":
		return invalid("The member userData" + why)
	case value(in.KeyPairName) != "":
		return invalid("The member keyPairName" + why)
	case len(in.AddOns) > 0:
		return invalid("The member addOns" + why)
	case in.IpAddressType != "" && in.IpAddressType != types.IpAddressTypeDualstack:
		return invalid("The member ipAddressType must be dualstack.")
	}
	return nil
}

// instance returns the machine of this name in the region of the request.
func (d *Door) instance(ctx context.Context, c *call, member *string) (*keyhaven.Instance, error) {
	name, err := instanceName(member)
	if err != nil {
		return nil, err
	}
	return d.machines.Instance(ctx, c.account(), c.region(), name)
}

func instanceName(member *string) (string, error) {
	if member == nil {
		return "", missing("instanceName")
	}
	return resource(member)
}

func (d *Door) getInstance(ctx context.Context, c *call, in *lightsail.GetInstanceInput) (*lightsail.GetInstanceOutput, error) {
	i, err := d.instance(ctx, c, in.InstanceName)
	if err != nil {
		return nil, err
	}
	return &lightsail.GetInstanceOutput{Instance: new(instanceShape(i))}, nil
}

func (d *Door) getInstances(ctx context.Context, c *call, in *lightsail.GetInstancesInput) (*lightsail.GetInstancesOutput, error) {
	token, err := page(in.PageToken)
	if err != nil {
		return nil, err
	}
	all, next, err := d.machines.InstancesIn(ctx, c.account(), c.region(), token)
	if err != nil {
		return nil, err
	}
	out := &lightsail.GetInstancesOutput{Instances: make([]types.Instance, len(all)), NextPageToken: nextToken(next)}
	for n, i := range all {
		out.Instances[n] = instanceShape(i)
	}
	return out, nil
}

func (d *Door) getInstanceState(ctx context.Context, c *call, in *lightsail.GetInstanceStateInput) (*lightsail.GetInstanceStateOutput, error) {
	i, err := d.instance(ctx, c, in.InstanceName)
	if err != nil {
		return nil, err
	}
	return &lightsail.GetInstanceStateOutput{State: instanceState(i)}, nil
}

// turned answers a change of one machine.
func (d *Door) turned(ctx context.Context, c *call, member *string, turn func(context.Context, keyhaven.AccountID, string, string) (keyhaven.Operation, error)) ([]types.Operation, error) {
	name, err := instanceName(member)
	if err != nil {
		return nil, err
	}
	op, err := turn(ctx, c.account(), c.region(), name)
	if err != nil {
		return nil, err
	}
	return operationShapes(op), nil
}

func (d *Door) startInstance(ctx context.Context, c *call, in *lightsail.StartInstanceInput) (*lightsail.StartInstanceOutput, error) {
	ops, err := d.turned(ctx, c, in.InstanceName, d.machines.StartInstance)
	return &lightsail.StartInstanceOutput{Operations: ops}, err
}

// stopInstance has no need of force: nothing can hold a stop up.
func (d *Door) stopInstance(ctx context.Context, c *call, in *lightsail.StopInstanceInput) (*lightsail.StopInstanceOutput, error) {
	ops, err := d.turned(ctx, c, in.InstanceName, d.machines.StopInstance)
	return &lightsail.StopInstanceOutput{Operations: ops}, err
}

func (d *Door) rebootInstance(ctx context.Context, c *call, in *lightsail.RebootInstanceInput) (*lightsail.RebootInstanceOutput, error) {
	ops, err := d.turned(ctx, c, in.InstanceName, d.machines.RebootInstance)
	return &lightsail.RebootInstanceOutput{Operations: ops}, err
}

// deleteInstance has no need of forceDeleteAddOns: there are no add-ons.
func (d *Door) deleteInstance(ctx context.Context, c *call, in *lightsail.DeleteInstanceInput) (*lightsail.DeleteInstanceOutput, error) {
	ops, err := d.turned(ctx, c, in.InstanceName, d.machines.DeleteInstance)
	return &lightsail.DeleteInstanceOutput{Operations: ops}, err
}

// instanceShape is a machine as Lightsail shows it. Of its hardware and its
// network nothing is known; tools read the structures as always there.
func instanceShape(i *keyhaven.Instance) types.Instance {
	shape := types.Instance{
		Name: new(i.Name), Arn: new(i.ARN()), SupportCode: new(string(i.Account) + "/" + i.ID), CreatedAt: new(i.CreatedAt),
		Location: location(i.Region), ResourceType: types.ResourceTypeInstance, Tags: tagShapes(i.Tags), State: instanceState(i),
		AddOns: []types.AddOn{}, IsStaticIp: new(false), Ipv6Addresses: []string{}, IpAddressType: types.IpAddressTypeDualstack,
		Hardware:   &types.InstanceHardware{Disks: []types.Disk{}},
		Networking: &types.InstanceNetworking{Ports: []types.InstancePortInfo{}},
	}
	if i.Zone != "" {
		shape.Location.AvailabilityZone = new(i.Zone)
	}
	if i.Blueprint != "" {
		shape.BlueprintId = new(i.Blueprint)
	}
	if i.BundleID != "" {
		shape.BundleId = new(i.BundleID)
	}
	return shape
}

// instanceCodes are the numbers of the states (InstanceState).
var instanceCodes = map[string]int32{keyhaven.InstancePending: 0, keyhaven.InstanceRunning: 16, keyhaven.InstanceStopped: 80}

func instanceState(i *keyhaven.Instance) *types.InstanceState {
	return &types.InstanceState{Code: new(instanceCodes[i.State]), Name: new(i.State)}
}
