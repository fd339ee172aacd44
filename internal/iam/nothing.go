package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven/internal/query"
)

// What users have none of here. Terraform and others list it before they delete
// a user, and the truth is that there is none.

// known fails unless the user is there.
func (d *Door) known(ctx context.Context, c *query.Call, name *string) error {
	if name == nil {
		return nil
	}
	_, err := d.ids.User(ctx, c.Account(), *name)
	return err
}

func (d *Door) listSSHPublicKeys(ctx context.Context, c *query.Call, in *iam.ListSSHPublicKeysInput) (*iam.ListSSHPublicKeysOutput, error) {
	return &iam.ListSSHPublicKeysOutput{SSHPublicKeys: []types.SSHPublicKeyMetadata{}}, d.known(ctx, c, in.UserName)
}

func (d *Door) listSigningCertificates(ctx context.Context, c *query.Call, in *iam.ListSigningCertificatesInput) (*iam.ListSigningCertificatesOutput, error) {
	return &iam.ListSigningCertificatesOutput{Certificates: []types.SigningCertificate{}}, d.known(ctx, c, in.UserName)
}

func (d *Door) listServiceSpecificCredentials(ctx context.Context, c *query.Call, in *iam.ListServiceSpecificCredentialsInput) (*iam.ListServiceSpecificCredentialsOutput, error) {
	return &iam.ListServiceSpecificCredentialsOutput{ServiceSpecificCredentials: []types.ServiceSpecificCredentialMetadata{}}, d.known(ctx, c, in.UserName)
}
