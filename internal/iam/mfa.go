package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

// mfaRows are the operations on virtual MFA devices: on a device itself, or on the
// user whose it is.
func (d *Door) mfaRows() []*query.Operation {
	device := func(serial *string) about { return about{holder: identity.OfMFADevice(value(serial))} }
	return []*query.Operation{
		query.Row("CreateVirtualMFADevice", names("VirtualMFADeviceName"), on(d, func(_ *query.Call, in *iam.CreateVirtualMFADeviceInput) about {
			return about{holder: identity.OfMFADevice(value(in.VirtualMFADeviceName)), path: new(value(in.Path)), tags: tagsOf(in.Tags)}
		}), d.createVirtualMFADevice),
		query.Row("DeleteVirtualMFADevice", names("SerialNumber"), on(d, func(_ *query.Call, in *iam.DeleteVirtualMFADeviceInput) about { return device(in.SerialNumber) }), d.deleteVirtualMFADevice),
		query.Row("ListVirtualMFADevices", nil, anywhere[iam.ListVirtualMFADevicesInput](d), d.listVirtualMFADevices),
		query.Row("EnableMFADevice", names("UserName", "SerialNumber", "AuthenticationCode1", "AuthenticationCode2"), on(d, func(c *query.Call, in *iam.EnableMFADeviceInput) about {
			return minting(oneself(c, in.UserName))
		}), d.enableMFADevice),
		query.Row("ResyncMFADevice", names("UserName", "SerialNumber", "AuthenticationCode1", "AuthenticationCode2"), on(d, func(c *query.Call, in *iam.ResyncMFADeviceInput) about {
			return minting(oneself(c, in.UserName))
		}), d.resyncMFADevice),
		query.Row("DeactivateMFADevice", names("SerialNumber"), on(d, func(c *query.Call, in *iam.DeactivateMFADeviceInput) about {
			return minting(oneself(c, in.UserName))
		}), d.deactivateMFADevice),
		query.Row("GetMFADevice", names("SerialNumber"), on(d, func(c *query.Call, in *iam.GetMFADeviceInput) about { return oneself(c, in.UserName) }), d.getMFADevice),
		query.Row("ListMFADevices", nil, on(d, func(c *query.Call, in *iam.ListMFADevicesInput) about { return oneself(c, in.UserName) }), d.listMFADevices),
		query.Row("TagMFADevice", names("SerialNumber", "Tags"), on(d, func(_ *query.Call, in *iam.TagMFADeviceInput) about {
			return about{holder: identity.OfMFADevice(value(in.SerialNumber)), tags: tagsOf(in.Tags)}
		}), d.tagMFADevice),
		query.Row("UntagMFADevice", names("SerialNumber", "TagKeys"), on(d, func(_ *query.Call, in *iam.UntagMFADeviceInput) about {
			return about{holder: identity.OfMFADevice(value(in.SerialNumber)), tagKeys: in.TagKeys}
		}), d.untagMFADevice),
		query.Row("ListMFADeviceTags", names("SerialNumber"), on(d, func(_ *query.Call, in *iam.ListMFADeviceTagsInput) about { return device(in.SerialNumber) }), d.listMFADeviceTags),
	}
}

// isRoot reports whether an operation is about the calling root, by the name or by
// none.
func isRoot(c *query.Call, name *string) bool {
	return c.Identity.Principal.Kind == keyhaven.Root && (name == nil || *name == query.RootUserName)
}

// oneself is self, with the root by its name too.
func oneself(c *query.Call, name *string) about {
	if isRoot(c, name) {
		name = nil
	}
	return self(c, name)
}

// person is whose devices are meant: the user that is named, else the caller. The
// root's are the root's own to manage: nobody else can name it.
func person(c *query.Call, name *string) (identity.Person, error) {
	switch {
	case isRoot(c, name):
		return identity.Person{Account: c.Account()}, nil
	case name == nil && c.Identity.Principal.Kind != keyhaven.UserPrincipal:
		return identity.Person{}, mustName()
	}
	return identity.Person{Account: c.Account(), User: user(c, name).Name}, nil
}

// personName is the name of whose device it is in answers.
func personName(p identity.Person) *string {
	if p.User == "" {
		return new(query.RootUserName)
	}
	return new(p.User)
}

// createVirtualMFADevice is the only place where this door answers a seed.
func (d *Door) createVirtualMFADevice(ctx context.Context, c *query.Call, in *iam.CreateVirtualMFADeviceInput) (*iam.CreateVirtualMFADeviceOutput, error) {
	made, err := d.ids.CreateMFADevice(ctx, c.Account(), *in.VirtualMFADeviceName, value(in.Path), tagsOf(in.Tags))
	if err != nil {
		return nil, err
	}
	return &iam.CreateVirtualMFADeviceOutput{VirtualMFADevice: &types.VirtualMFADevice{
		SerialNumber: new(made.ARN()), Base32StringSeed: []byte(made.Seed.Reveal()), QRCodePNG: made.QR, Tags: tagsOrNone(made.Tags),
	}}, nil
}

func (d *Door) deleteVirtualMFADevice(ctx context.Context, c *query.Call, in *iam.DeleteVirtualMFADeviceInput) (*iam.DeleteVirtualMFADeviceOutput, error) {
	return &iam.DeleteVirtualMFADeviceOutput{}, d.ids.DeleteMFADevice(ctx, c.Account(), *in.SerialNumber)
}

func (d *Door) listVirtualMFADevices(ctx context.Context, c *query.Call, in *iam.ListVirtualMFADevicesInput) (*iam.ListVirtualMFADevicesOutput, error) {
	p, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	var assigned *bool
	if in.AssignmentStatus != "" && in.AssignmentStatus != types.AssignmentStatusTypeAny {
		assigned = new(in.AssignmentStatus == types.AssignmentStatusTypeAssigned)
	}
	all, after, err := d.ids.MFADevices(ctx, c.Account(), assigned, p)
	out := &iam.ListVirtualMFADevicesOutput{VirtualMFADevices: make([]types.VirtualMFADevice, len(all)), IsTruncated: after != "", Marker: next(after)}
	for i, o := range all {
		s := types.VirtualMFADevice{SerialNumber: new(o.ARN()), EnableDate: when(o.EnabledAt)}
		switch {
		case o.User != nil:
			s.User = new(userShape(o.User))
		case o.Root != nil:
			s.User = rootShape(o.Root)
		}
		out.VirtualMFADevices[i] = s
	}
	return out, err
}

func (d *Door) enableMFADevice(ctx context.Context, c *query.Call, in *iam.EnableMFADeviceInput) (*iam.EnableMFADeviceOutput, error) {
	who, err := person(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.EnableMFADeviceOutput{}, d.ids.EnableMFADevice(ctx, who, *in.SerialNumber, *in.AuthenticationCode1, *in.AuthenticationCode2)
}

func (d *Door) resyncMFADevice(ctx context.Context, c *query.Call, in *iam.ResyncMFADeviceInput) (*iam.ResyncMFADeviceOutput, error) {
	who, err := person(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.ResyncMFADeviceOutput{}, d.ids.ResyncMFADevice(ctx, who, *in.SerialNumber, *in.AuthenticationCode1, *in.AuthenticationCode2)
}

func (d *Door) deactivateMFADevice(ctx context.Context, c *query.Call, in *iam.DeactivateMFADeviceInput) (*iam.DeactivateMFADeviceOutput, error) {
	who, err := person(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.DeactivateMFADeviceOutput{}, d.ids.DeactivateMFADevice(ctx, who, *in.SerialNumber)
}

func (d *Door) getMFADevice(ctx context.Context, c *query.Call, in *iam.GetMFADeviceInput) (*iam.GetMFADeviceOutput, error) {
	who, err := person(c, in.UserName)
	if err != nil {
		return nil, err
	}
	dev, err := d.ids.MFADeviceOf(ctx, who, *in.SerialNumber)
	if err != nil {
		return nil, err
	}
	return &iam.GetMFADeviceOutput{SerialNumber: new(dev.ARN()), UserName: personName(who), EnableDate: when(dev.EnabledAt)}, nil
}

func (d *Door) listMFADevices(ctx context.Context, c *query.Call, in *iam.ListMFADevicesInput) (*iam.ListMFADevicesOutput, error) {
	who, err := person(c, in.UserName)
	if err != nil {
		return nil, err
	}
	all, err := d.ids.MFADevicesOf(ctx, who)
	if err != nil {
		return nil, err
	}
	shapes := make([]types.MFADevice, len(all))
	for i, dev := range all {
		shapes[i] = types.MFADevice{SerialNumber: new(dev.ARN()), UserName: personName(who), EnableDate: when(dev.EnabledAt)}
	}
	shapes, after, err := cut(shapes, in.Marker, in.MaxItems, func(s types.MFADevice) string { return *s.SerialNumber })
	return &iam.ListMFADevicesOutput{MFADevices: shapes, IsTruncated: after != nil, Marker: after}, err
}
