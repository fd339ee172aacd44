package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keyhaven/keyhaven/internal/query"
)

func (d *Door) createAccountAlias(ctx context.Context, c *query.Call, in *iam.CreateAccountAliasInput) (*iam.CreateAccountAliasOutput, error) {
	return &iam.CreateAccountAliasOutput{}, d.ids.SetAlias(ctx, c.Account(), *in.AccountAlias)
}

func (d *Door) deleteAccountAlias(ctx context.Context, c *query.Call, in *iam.DeleteAccountAliasInput) (*iam.DeleteAccountAliasOutput, error) {
	return &iam.DeleteAccountAliasOutput{}, d.ids.DeleteAlias(ctx, c.Account(), *in.AccountAlias)
}

func (d *Door) listAccountAliases(ctx context.Context, c *query.Call, _ *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
	a, err := d.ids.Account(ctx, c.Account())
	if err != nil {
		return nil, err
	}
	out := &iam.ListAccountAliasesOutput{AccountAliases: []string{}}
	if a.Alias != "" {
		out.AccountAliases = append(out.AccountAliases, a.Alias)
	}
	return out, nil
}

func (d *Door) getAccountSummary(ctx context.Context, c *query.Call, _ *iam.GetAccountSummaryInput) (*iam.GetAccountSummaryOutput, error) {
	s, err := d.ids.Summary(ctx, c.Account())
	if err != nil {
		return nil, err
	}
	return &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{
		"Users": int32(s.Users), "Groups": int32(s.Groups), "Roles": int32(s.Roles), "Policies": int32(s.Policies),
		"InstanceProfiles": int32(s.Profiles), "Providers": int32(s.Providers),
		"AccountAccessKeysPresent": present(s.RootKeys > 0), "AccountPasswordPresent": present(s.RootPassword),
		"AccessKeysPerUserQuota": 2, "AttachedPoliciesPerGroupQuota": 10, "AttachedPoliciesPerRoleQuota": 10, "AttachedPoliciesPerUserQuota": 10,
		"GroupsPerUserQuota": 10, "UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240,
		"AssumeRolePolicySizeQuota": 2048, "PolicySizeQuota": 6144, "VersionsPerPolicyQuota": 5,
		"AccountMFAEnabled": present(s.RootMFA), "MFADevices": int32(s.MFADevices), "MFADevicesInUse": int32(s.MFADevicesInUse), "AccountSigningCertificatesPresent": 0, "ServerCertificates": 0,
		"GlobalEndpointTokenVersion": 2,
	}}, nil
}

func present(is bool) int32 {
	if is {
		return 1
	}
	return 0
}
