package keycare

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
)

type bucketInput struct {
	BucketName string `json:"bucketName"`
}

type keyInput struct {
	AccessKeyID string `json:"accessKeyId"`
}

func (d *Door) getBucketAccessKeys(ctx context.Context, c *call, in *bucketInput) (any, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	keys, err := d.access.BucketKeys(ctx, b)
	if err != nil {
		return nil, err
	}
	shapes := make([]keyShape, len(keys))
	for i, k := range keys {
		shapes[i] = shapeOf(k)
	}
	return map[string]any{"accessKeys": shapes}, nil
}

func (d *Door) getAccessKey(ctx context.Context, c *call, in *keyInput) (any, error) {
	k, err := d.key(ctx, c, in.AccessKeyID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"accessKey": shapeOf(k)}, nil
}

type activityShape struct {
	FirstUsed *seconds `json:"firstUsedDate,omitempty"`
	LastUsed  *seconds `json:"lastUsedDate,omitempty"`
	Region    string   `json:"region,omitempty"`
	Service   string   `json:"serviceName,omitempty"`
	Action    string   `json:"action,omitempty"`
	Address   string   `json:"sourceAddress,omitempty"`
	UserAgent string   `json:"userAgent,omitempty"`
	Requests  uint64   `json:"requestCount"`
}

func (d *Door) getAccessKeyActivity(ctx context.Context, c *call, in *keyInput) (any, error) {
	if _, err := d.key(ctx, c, in.AccessKeyID); err != nil {
		return nil, err
	}
	u, a, err := d.access.Activity(ctx, c.account(), in.AccessKeyID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"activity": activityShape{
		FirstUsed: secondsOf(a.FirstUsed), LastUsed: secondsOf(u.Time), Region: u.Region, Service: u.Service,
		Action: a.Action, Address: a.Address, UserAgent: a.UserAgent, Requests: a.Requests,
	}}, nil
}

type updateInput struct {
	keyInput
	change
}

func (d *Door) updateAccessKey(ctx context.Context, c *call, in *updateInput) (any, error) {
	if _, err := d.key(ctx, c, in.AccessKeyID); err != nil {
		return nil, err
	}
	k, err := d.access.ChangeKey(ctx, c.account(), in.AccessKeyID, in.of())
	if err != nil {
		return nil, err
	}
	return map[string]any{"accessKey": shapeOf(k)}, nil
}

func (d *Door) deleteAccessKey(ctx context.Context, c *call, in *keyInput) (any, error) {
	if _, err := d.key(ctx, c, in.AccessKeyID); err != nil {
		return nil, err
	}
	return struct{}{}, d.access.DropKey(ctx, c.account(), in.AccessKeyID)
}

type importInput struct {
	bucketInput
	keyInput
	change
	SecretAccessKey string `json:"secretAccessKey"`
}

func (d *Door) importBucketAccessKey(ctx context.Context, c *call, in *importInput) (any, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	k, err := d.access.ImportBucketKey(ctx, b, in.AccessKeyID, keyhaven.NewSecret(in.SecretAccessKey), in.of())
	if err != nil {
		return nil, err
	}
	return map[string]any{"accessKey": shapeOf(k)}, nil
}

type importUserInput struct {
	UserName string `json:"userName"`
	keyInput
	change
	SecretAccessKey string `json:"secretAccessKey"`
}

func (d *Door) importAccessKey(ctx context.Context, c *call, in *importUserInput) (any, error) {
	h := access.KeyHolder{Account: c.account(), User: in.UserName}
	held, missing := d.access.Holder(ctx, h)
	if missing != nil {
		held.ARN = "arn:aws:iam::" + string(h.Account) + ":user/" + h.User
	}
	if err := d.allow(ctx, c, held.ARN, nil); err != nil {
		return nil, err
	}
	if err := mayMint(c, held); err != nil {
		return nil, err
	}
	if missing != nil {
		return nil, missing
	}
	k, err := d.access.ImportUserKey(ctx, h, in.AccessKeyID, keyhaven.NewSecret(in.SecretAccessKey), in.of())
	if err != nil {
		return nil, err
	}
	return map[string]any{"accessKey": shapeOf(k)}, nil
}

type rotateInput struct {
	bucketInput
	keyInput
}

// rotateBucketAccessKey is the only place where this door answers a secret.
func (d *Door) rotateBucketAccessKey(ctx context.Context, c *call, in *rotateInput) (any, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	k, err := d.access.RotateBucketKey(ctx, b, in.AccessKeyID)
	if err != nil {
		return nil, err
	}
	s := shapeOf(k)
	s.SecretAccessKey = k.Secret.Reveal()
	return map[string]any{"accessKey": s}, nil
}

func (d *Door) getBucketAccessKeyRotation(ctx context.Context, c *call, in *bucketInput) (any, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	rot, err := d.access.BucketKeyRotation(ctx, b)
	if err != nil {
		return nil, err
	}
	return rotationOf(rot), nil
}

type stepInput struct {
	bucketInput
	Step string `json:"step"`
}

func (d *Door) stepBucketAccessKeyRotation(ctx context.Context, c *call, in *stepInput) (any, error) {
	b, err := d.bucket(ctx, c, in.BucketName)
	if err != nil {
		return nil, err
	}
	rot, err := d.access.StepRotation(ctx, b, access.RotationStep(in.Step))
	if err != nil {
		return nil, err
	}
	return rotationOf(rot), nil
}
