package iam

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/query"
)

// holder names whose keys are meant: the user that is named, else the signer. The
// root's keys are the root's own to manage: nobody can name it. With temporary
// credentials the name is needed, but for a root at the console.
func holder(c *query.Call, name *string) (access.KeyHolder, error) {
	h := access.KeyHolder{Account: c.Account(), User: value(name)}
	p := &c.Identity.Principal
	switch {
	case name != nil:
		return h, nil
	case p.Kind == keyhaven.UserPrincipal && (!p.Temporary || c.Identity.SessionKind() == access.SignInSession):
		h.User = p.Name
		return h, nil
	case p.Kind == keyhaven.Root && (!p.Temporary || c.Identity.SessionKind() == access.SignInSession):
		return h, nil
	}
	return h, mustName()
}

// said gives what is not found the words of IAM.
func said(h access.KeyHolder, keyID string, err error) error {
	switch {
	case keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounUser):
		return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounUser, ID: h.User, Msg: "The user with name " + h.User + " cannot be found."}
	case keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey):
		return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccessKey, ID: keyID, Msg: "The Access Key with id " + keyID + " cannot be found."}
	}
	return err
}

// createAccessKey is the only place where this door answers a secret.
func (d *Door) createAccessKey(ctx context.Context, c *query.Call, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	h, err := holder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := d.access.CreateKey(ctx, h)
	if err != nil {
		return nil, said(h, "", err)
	}
	return &iam.CreateAccessKeyOutput{AccessKey: &types.AccessKey{
		UserName: new(h.User), AccessKeyId: new(k.ID), Status: types.StatusType(k.Status),
		SecretAccessKey: new(k.Secret.Reveal()), CreateDate: new(k.CreatedAt.Truncate(time.Second)),
	}}, nil
}

func (d *Door) listAccessKeys(ctx context.Context, c *query.Call, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	h, err := holder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if _, err := page(in.Marker, in.MaxItems); err != nil {
		return nil, err
	}
	keys, err := d.access.Keys(ctx, h)
	if err != nil {
		return nil, said(h, "", err)
	}
	shapes := make([]types.AccessKeyMetadata, len(keys))
	for i, k := range keys {
		shapes[i] = keyShape(h.User, k)
	}
	shapes, after, err := cut(shapes, in.Marker, in.MaxItems, func(k types.AccessKeyMetadata) string { return *k.AccessKeyId })
	return &iam.ListAccessKeysOutput{AccessKeyMetadata: shapes, IsTruncated: after != nil, Marker: after}, err
}

func (d *Door) updateAccessKey(ctx context.Context, c *query.Call, in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	h, err := holder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.UpdateAccessKeyOutput{}, said(h, *in.AccessKeyId, d.access.SetKeyStatus(ctx, h, *in.AccessKeyId, keyhaven.KeyStatus(in.Status)))
}

func (d *Door) deleteAccessKey(ctx context.Context, c *query.Call, in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	h, err := holder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.DeleteAccessKeyOutput{}, said(h, *in.AccessKeyId, d.access.DeleteKey(ctx, h, *in.AccessKeyId))
}

func (d *Door) getAccessKeyLastUsed(ctx context.Context, c *query.Call, in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	k, name, err := d.access.FindKey(ctx, *in.AccessKeyId)
	if keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccessKey) || err == nil && (k.Account != c.Account() || k.Owner == keyhaven.OwnerBucket) {
		// As AWS: whose key it is, if anybody's, is no business of a stranger's.
		return nil, &keyhaven.Error{
			Kind: keyhaven.Denied, Noun: keyhaven.NounNone,
			Msg: "User: " + c.Identity.Principal.ARN() + " is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key " + *in.AccessKeyId,
		}
	}
	if err != nil {
		return nil, err
	}
	return &iam.GetAccessKeyLastUsedOutput{UserName: some(name), AccessKeyLastUsed: lastUsedShape(k.LastUsed)}, nil
}

// lastUsedShape says N/A for a key that was never used.
func lastUsedShape(u keyhaven.LastUsed) *types.AccessKeyLastUsed {
	if u.Time.IsZero() {
		return &types.AccessKeyLastUsed{ServiceName: new("N/A"), Region: new("N/A")}
	}
	return &types.AccessKeyLastUsed{LastUsedDate: new(u.Time), ServiceName: new(u.Service), Region: new(u.Region)}
}

// cut is a page of a list that is held whole.
func cut[T any](all []T, marker *string, items *int32, name func(T) string) ([]T, *string, error) {
	p, err := page(marker, items)
	if err != nil {
		return nil, nil, err
	}
	if p.Marker != "" {
		for i, v := range all {
			if name(v) == p.Marker {
				all = all[i+1:]
				break
			}
		}
	}
	if len(all) > p.Max {
		return all[:p.Max], next(name(all[p.Max-1])), nil
	}
	return all, nil, nil
}
