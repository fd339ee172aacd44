package iam

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

// rows are the operations that are built. Which resource and condition keys each
// is decided on is in the Service Authorization Reference, "Actions, resources,
// and condition keys for AWS Identity and Access Management". Any other action is
// unknown to this door.
func (d *Door) rows() []*query.Operation {
	return slices.Concat(d.userRows(), d.credentialRows(), d.mfaRows(), d.groupRows(), d.policyRows(), d.roleRows(), d.profileRows(), d.providerRows(), d.accountRows())
}

func names(all ...string) []string { return all }

func (d *Door) userRows() []*query.Operation {
	return []*query.Operation{
		query.Row("CreateUser", names("UserName"), on(d, func(c *query.Call, in *iam.CreateUserInput) about {
			return about{holder: identity.OfUser(value(in.UserName)), path: new(value(in.Path)), tags: tagsOf(in.Tags), boundary: in.PermissionsBoundary, guard: makes}
		}), d.createUser),
		query.Row("GetUser", nil, on(d, func(c *query.Call, in *iam.GetUserInput) about { return self(c, in.UserName) }), d.getUser),
		query.Row("ListUsers", nil, on(d, func(c *query.Call, in *iam.ListUsersInput) about { return below(c, "user", in.PathPrefix) }), d.listUsers),
		query.Row("UpdateUser", names("UserName"), on(d, func(c *query.Call, in *iam.UpdateUserInput) about {
			return about{holder: user(c, in.UserName), guard: mints}
		}), d.updateUser),
		query.Row("DeleteUser", names("UserName"), on(d, func(c *query.Call, in *iam.DeleteUserInput) about { return about{holder: user(c, in.UserName)} }), d.deleteUser),
		query.Row("TagUser", names("UserName", "Tags"), on(d, func(c *query.Call, in *iam.TagUserInput) about {
			return about{holder: user(c, in.UserName), tags: tagsOf(in.Tags), guard: mints}
		}), d.tagUser),
		query.Row("UntagUser", names("UserName", "TagKeys"), on(d, func(c *query.Call, in *iam.UntagUserInput) about {
			return about{holder: user(c, in.UserName), tagKeys: in.TagKeys, guard: mints}
		}), d.untagUser),
		query.Row("ListUserTags", names("UserName"), on(d, func(c *query.Call, in *iam.ListUserTagsInput) about { return about{holder: user(c, in.UserName)} }), d.listUserTags),
		query.Row("PutUserPermissionsBoundary", names("UserName", "PermissionsBoundary"), on(d, func(c *query.Call, in *iam.PutUserPermissionsBoundaryInput) about {
			return about{holder: user(c, in.UserName), boundary: in.PermissionsBoundary, guard: bounds}
		}), d.putUserBoundary),
		query.Row("DeleteUserPermissionsBoundary", names("UserName"), on(d, func(c *query.Call, in *iam.DeleteUserPermissionsBoundaryInput) about {
			return about{holder: user(c, in.UserName), guard: bounds}
		}), d.deleteUserBoundary),
		query.Row("PutUserPolicy", names("UserName", "PolicyName", "PolicyDocument"), on(d, func(c *query.Call, in *iam.PutUserPolicyInput) about {
			return about{holder: user(c, in.UserName), guard: mints}
		}), d.putUserPolicy),
		query.Row("GetUserPolicy", names("UserName", "PolicyName"), on(d, func(c *query.Call, in *iam.GetUserPolicyInput) about { return about{holder: user(c, in.UserName)} }), d.getUserPolicy),
		query.Row("DeleteUserPolicy", names("UserName", "PolicyName"), on(d, func(c *query.Call, in *iam.DeleteUserPolicyInput) about {
			return about{holder: user(c, in.UserName), guard: mints}
		}), d.deleteUserPolicy),
		query.Row("ListUserPolicies", names("UserName"), on(d, func(c *query.Call, in *iam.ListUserPoliciesInput) about { return about{holder: user(c, in.UserName)} }), d.listUserPolicies),
		query.Row("AttachUserPolicy", names("UserName", "PolicyArn"), on(d, func(c *query.Call, in *iam.AttachUserPolicyInput) about {
			return about{holder: user(c, in.UserName), policy: in.PolicyArn, guard: mints}
		}), d.attachUserPolicy),
		query.Row("DetachUserPolicy", names("UserName", "PolicyArn"), on(d, func(c *query.Call, in *iam.DetachUserPolicyInput) about {
			return about{holder: user(c, in.UserName), policy: in.PolicyArn, guard: mints}
		}), d.detachUserPolicy),
		query.Row("ListAttachedUserPolicies", names("UserName"), on(d, func(c *query.Call, in *iam.ListAttachedUserPoliciesInput) about {
			return about{holder: user(c, in.UserName)}
		}), d.listAttachedUserPolicies),
		query.Row("ListGroupsForUser", names("UserName"), on(d, func(c *query.Call, in *iam.ListGroupsForUserInput) about { return about{holder: user(c, in.UserName)} }), d.listGroupsForUser),
	}
}

func (d *Door) credentialRows() []*query.Operation {
	return []*query.Operation{
		query.Row("CreateAccessKey", nil, on(d, func(c *query.Call, in *iam.CreateAccessKeyInput) about { return minting(self(c, in.UserName)) }), d.createAccessKey),
		query.Row("ListAccessKeys", nil, on(d, func(c *query.Call, in *iam.ListAccessKeysInput) about { return self(c, in.UserName) }), d.listAccessKeys),
		query.Row("UpdateAccessKey", names("AccessKeyId", "Status"), on(d, func(c *query.Call, in *iam.UpdateAccessKeyInput) about { return minting(self(c, in.UserName)) }), d.updateAccessKey),
		query.Row("DeleteAccessKey", names("AccessKeyId"), on(d, func(c *query.Call, in *iam.DeleteAccessKeyInput) about { return self(c, in.UserName) }), d.deleteAccessKey),
		query.Row("GetAccessKeyLastUsed", names("AccessKeyId"), anywhere[iam.GetAccessKeyLastUsedInput](d), d.getAccessKeyLastUsed),
		query.Row("CreateLoginProfile", nil, on(d, func(c *query.Call, in *iam.CreateLoginProfileInput) about { return minting(self(c, in.UserName)) }), d.createLoginProfile),
		query.Row("GetLoginProfile", nil, on(d, func(c *query.Call, in *iam.GetLoginProfileInput) about { return self(c, in.UserName) }), d.getLoginProfile),
		query.Row("UpdateLoginProfile", names("UserName"), on(d, func(c *query.Call, in *iam.UpdateLoginProfileInput) about { return minting(self(c, in.UserName)) }), d.updateLoginProfile),
		query.Row("DeleteLoginProfile", nil, on(d, func(c *query.Call, in *iam.DeleteLoginProfileInput) about { return self(c, in.UserName) }), d.deleteLoginProfile),
		query.Row("ChangePassword", names("OldPassword", "NewPassword"), on(d, func(c *query.Call, _ *iam.ChangePasswordInput) about { return minting(self(c, nil)) }), d.changePassword),
		query.Row("GetAccountPasswordPolicy", nil, anywhere[iam.GetAccountPasswordPolicyInput](d), d.getAccountPasswordPolicy),
		query.Row("ListSSHPublicKeys", nil, on(d, func(c *query.Call, in *iam.ListSSHPublicKeysInput) about { return self(c, in.UserName) }), d.listSSHPublicKeys),
		query.Row("ListSigningCertificates", nil, on(d, func(c *query.Call, in *iam.ListSigningCertificatesInput) about { return self(c, in.UserName) }), d.listSigningCertificates),
		query.Row("ListServiceSpecificCredentials", nil, on(d, func(c *query.Call, in *iam.ListServiceSpecificCredentialsInput) about { return self(c, in.UserName) }), d.listServiceSpecificCredentials),
		query.Row("GenerateCredentialReport", nil, anywhere[iam.GenerateCredentialReportInput](d), d.generateCredentialReport),
		query.Row("GetCredentialReport", nil, anywhere[iam.GetCredentialReportInput](d), d.getCredentialReport),
	}
}

func minting(a about) about {
	a.guard = mints
	return a
}

// below is what a listing is about: everything of a type below a path.
func below(c *query.Call, typ string, prefix *string) about {
	return about{arn: "arn:aws:iam::" + string(c.Account()) + ":" + typ + orSlash(value(prefix))}
}

func (d *Door) groupRows() []*query.Operation {
	group := func(name *string) about { return about{holder: identity.OfGroup(value(name))} }
	loose := func(name *string) about { return about{holder: identity.OfGroup(value(name)), guard: loosens} }
	return []*query.Operation{
		query.Row("CreateGroup", names("GroupName"), on(d, func(_ *query.Call, in *iam.CreateGroupInput) about {
			return about{holder: identity.OfGroup(value(in.GroupName)), path: new(value(in.Path)), guard: loosens}
		}), d.createGroup),
		query.Row("GetGroup", names("GroupName"), on(d, func(_ *query.Call, in *iam.GetGroupInput) about { return group(in.GroupName) }), d.getGroup),
		query.Row("ListGroups", nil, on(d, func(c *query.Call, in *iam.ListGroupsInput) about { return below(c, "group", in.PathPrefix) }), d.listGroups),
		query.Row("UpdateGroup", names("GroupName"), on(d, func(_ *query.Call, in *iam.UpdateGroupInput) about { return loose(in.GroupName) }), d.updateGroup),
		query.Row("DeleteGroup", names("GroupName"), on(d, func(_ *query.Call, in *iam.DeleteGroupInput) about { return group(in.GroupName) }), d.deleteGroup),
		query.Row("AddUserToGroup", names("GroupName", "UserName"), on(d, func(_ *query.Call, in *iam.AddUserToGroupInput) about { return loose(in.GroupName) }), d.addUserToGroup),
		query.Row("RemoveUserFromGroup", names("GroupName", "UserName"), on(d, func(_ *query.Call, in *iam.RemoveUserFromGroupInput) about { return loose(in.GroupName) }), d.removeUserFromGroup),
		query.Row("PutGroupPolicy", names("GroupName", "PolicyName", "PolicyDocument"), on(d, func(_ *query.Call, in *iam.PutGroupPolicyInput) about { return loose(in.GroupName) }), d.putGroupPolicy),
		query.Row("GetGroupPolicy", names("GroupName", "PolicyName"), on(d, func(_ *query.Call, in *iam.GetGroupPolicyInput) about { return group(in.GroupName) }), d.getGroupPolicy),
		query.Row("DeleteGroupPolicy", names("GroupName", "PolicyName"), on(d, func(_ *query.Call, in *iam.DeleteGroupPolicyInput) about { return loose(in.GroupName) }), d.deleteGroupPolicy),
		query.Row("ListGroupPolicies", names("GroupName"), on(d, func(_ *query.Call, in *iam.ListGroupPoliciesInput) about { return group(in.GroupName) }), d.listGroupPolicies),
		query.Row("AttachGroupPolicy", names("GroupName", "PolicyArn"), on(d, func(_ *query.Call, in *iam.AttachGroupPolicyInput) about {
			return about{holder: identity.OfGroup(value(in.GroupName)), policy: in.PolicyArn, guard: loosens}
		}), d.attachGroupPolicy),
		query.Row("DetachGroupPolicy", names("GroupName", "PolicyArn"), on(d, func(_ *query.Call, in *iam.DetachGroupPolicyInput) about {
			return about{holder: identity.OfGroup(value(in.GroupName)), policy: in.PolicyArn, guard: loosens}
		}), d.detachGroupPolicy),
		query.Row("ListAttachedGroupPolicies", names("GroupName"), on(d, func(_ *query.Call, in *iam.ListAttachedGroupPoliciesInput) about { return group(in.GroupName) }), d.listAttachedGroupPolicies),
	}
}

func (d *Door) policyRows() []*query.Operation {
	arn := func(c *query.Call, arn *string) about {
		a := about{arn: value(arn)}
		if h := policyHolder(c, arn); h.Name != "" {
			a = about{holder: h}
		}
		return a
	}
	loose := func(c *query.Call, s *string) about {
		a := arn(c, s)
		a.guard = loosens
		return a
	}
	return []*query.Operation{
		query.Row("CreatePolicy", names("PolicyName", "PolicyDocument"), on(d, func(_ *query.Call, in *iam.CreatePolicyInput) about {
			return about{holder: identity.OfPolicy(value(in.PolicyName)), path: new(value(in.Path)), tags: tagsOf(in.Tags)}
		}), d.createPolicy),
		query.Row("GetPolicy", names("PolicyArn"), on(d, func(c *query.Call, in *iam.GetPolicyInput) about { return arn(c, in.PolicyArn) }), d.getPolicy),
		query.Row("ListPolicies", nil, anywhere[iam.ListPoliciesInput](d), d.listPolicies),
		query.Row("DeletePolicy", names("PolicyArn"), on(d, func(c *query.Call, in *iam.DeletePolicyInput) about { return arn(c, in.PolicyArn) }), d.deletePolicy),
		query.Row("CreatePolicyVersion", names("PolicyArn", "PolicyDocument"), on(d, func(c *query.Call, in *iam.CreatePolicyVersionInput) about { return loose(c, in.PolicyArn) }), d.createPolicyVersion),
		query.Row("GetPolicyVersion", names("PolicyArn", "VersionId"), on(d, func(c *query.Call, in *iam.GetPolicyVersionInput) about { return arn(c, in.PolicyArn) }), d.getPolicyVersion),
		query.Row("ListPolicyVersions", names("PolicyArn"), on(d, func(c *query.Call, in *iam.ListPolicyVersionsInput) about { return arn(c, in.PolicyArn) }), d.listPolicyVersions),
		query.Row("SetDefaultPolicyVersion", names("PolicyArn", "VersionId"), on(d, func(c *query.Call, in *iam.SetDefaultPolicyVersionInput) about { return loose(c, in.PolicyArn) }), d.setDefaultPolicyVersion),
		query.Row("DeletePolicyVersion", names("PolicyArn", "VersionId"), on(d, func(c *query.Call, in *iam.DeletePolicyVersionInput) about { return arn(c, in.PolicyArn) }), d.deletePolicyVersion),
		query.Row("ListEntitiesForPolicy", names("PolicyArn"), on(d, func(c *query.Call, in *iam.ListEntitiesForPolicyInput) about { return arn(c, in.PolicyArn) }), d.listEntitiesForPolicy),
		query.Row("TagPolicy", names("PolicyArn", "Tags"), on(d, func(c *query.Call, in *iam.TagPolicyInput) about {
			a := arn(c, in.PolicyArn)
			a.tags = tagsOf(in.Tags)
			return a
		}), d.tagPolicy),
		query.Row("UntagPolicy", names("PolicyArn", "TagKeys"), on(d, func(c *query.Call, in *iam.UntagPolicyInput) about {
			a := arn(c, in.PolicyArn)
			a.tagKeys = in.TagKeys
			return a
		}), d.untagPolicy),
		query.Row("ListPolicyTags", names("PolicyArn"), on(d, func(c *query.Call, in *iam.ListPolicyTagsInput) about { return arn(c, in.PolicyArn) }), d.listPolicyTags),
		query.Row("SimulateCustomPolicy", names("PolicyInputList", "ActionNames"), anywhere[iam.SimulateCustomPolicyInput](d), d.simulateCustomPolicy),
		query.Row("SimulatePrincipalPolicy", names("PolicySourceArn", "ActionNames"), on(d, func(_ *query.Call, in *iam.SimulatePrincipalPolicyInput) about {
			return about{arn: value(in.PolicySourceArn)}
		}), d.simulatePrincipalPolicy),
		query.Row("GetContextKeysForCustomPolicy", names("PolicyInputList"), anywhere[iam.GetContextKeysForCustomPolicyInput](d), d.getContextKeysForCustomPolicy),
		query.Row("GetContextKeysForPrincipalPolicy", names("PolicySourceArn"), on(d, func(_ *query.Call, in *iam.GetContextKeysForPrincipalPolicyInput) about {
			return about{arn: value(in.PolicySourceArn)}
		}), d.getContextKeysForPrincipalPolicy),
	}
}

func (d *Door) roleRows() []*query.Operation {
	role := func(name *string) about { return about{holder: identity.OfRole(value(name))} }
	return []*query.Operation{
		query.Row("CreateRole", names("RoleName", "AssumeRolePolicyDocument"), on(d, func(_ *query.Call, in *iam.CreateRoleInput) about {
			return about{holder: identity.OfRole(value(in.RoleName)), path: new(value(in.Path)), tags: tagsOf(in.Tags), boundary: in.PermissionsBoundary, guard: makes}
		}), d.createRole),
		query.Row("GetRole", names("RoleName"), on(d, func(_ *query.Call, in *iam.GetRoleInput) about { return role(in.RoleName) }), d.getRole),
		query.Row("ListRoles", nil, on(d, func(c *query.Call, in *iam.ListRolesInput) about { return below(c, "role", in.PathPrefix) }), d.listRoles),
		query.Row("UpdateRole", names("RoleName"), on(d, func(_ *query.Call, in *iam.UpdateRoleInput) about { return role(in.RoleName) }), d.updateRole),
		query.Row("UpdateRoleDescription", names("RoleName", "Description"), on(d, func(_ *query.Call, in *iam.UpdateRoleDescriptionInput) about { return role(in.RoleName) }), d.updateRoleDescription),
		query.Row("UpdateAssumeRolePolicy", names("RoleName", "PolicyDocument"), on(d, func(_ *query.Call, in *iam.UpdateAssumeRolePolicyInput) about { return minting(role(in.RoleName)) }), d.updateAssumeRolePolicy),
		query.Row("DeleteRole", names("RoleName"), on(d, func(_ *query.Call, in *iam.DeleteRoleInput) about { return role(in.RoleName) }), d.deleteRole),
		query.Row("TagRole", names("RoleName", "Tags"), on(d, func(_ *query.Call, in *iam.TagRoleInput) about {
			return about{holder: identity.OfRole(value(in.RoleName)), tags: tagsOf(in.Tags), guard: mints}
		}), d.tagRole),
		query.Row("UntagRole", names("RoleName", "TagKeys"), on(d, func(_ *query.Call, in *iam.UntagRoleInput) about {
			return about{holder: identity.OfRole(value(in.RoleName)), tagKeys: in.TagKeys, guard: mints}
		}), d.untagRole),
		query.Row("ListRoleTags", names("RoleName"), on(d, func(_ *query.Call, in *iam.ListRoleTagsInput) about { return role(in.RoleName) }), d.listRoleTags),
		query.Row("PutRolePermissionsBoundary", names("RoleName", "PermissionsBoundary"), on(d, func(_ *query.Call, in *iam.PutRolePermissionsBoundaryInput) about {
			return about{holder: identity.OfRole(value(in.RoleName)), boundary: in.PermissionsBoundary, guard: bounds}
		}), d.putRoleBoundary),
		query.Row("DeleteRolePermissionsBoundary", names("RoleName"), on(d, func(_ *query.Call, in *iam.DeleteRolePermissionsBoundaryInput) about {
			return about{holder: identity.OfRole(value(in.RoleName)), guard: bounds}
		}), d.deleteRoleBoundary),
		query.Row("PutRolePolicy", names("RoleName", "PolicyName", "PolicyDocument"), on(d, func(_ *query.Call, in *iam.PutRolePolicyInput) about { return minting(role(in.RoleName)) }), d.putRolePolicy),
		query.Row("GetRolePolicy", names("RoleName", "PolicyName"), on(d, func(_ *query.Call, in *iam.GetRolePolicyInput) about { return role(in.RoleName) }), d.getRolePolicy),
		query.Row("DeleteRolePolicy", names("RoleName", "PolicyName"), on(d, func(_ *query.Call, in *iam.DeleteRolePolicyInput) about { return minting(role(in.RoleName)) }), d.deleteRolePolicy),
		query.Row("ListRolePolicies", names("RoleName"), on(d, func(_ *query.Call, in *iam.ListRolePoliciesInput) about { return role(in.RoleName) }), d.listRolePolicies),
		query.Row("AttachRolePolicy", names("RoleName", "PolicyArn"), on(d, func(_ *query.Call, in *iam.AttachRolePolicyInput) about {
			return about{holder: identity.OfRole(value(in.RoleName)), policy: in.PolicyArn, guard: mints}
		}), d.attachRolePolicy),
		query.Row("DetachRolePolicy", names("RoleName", "PolicyArn"), on(d, func(_ *query.Call, in *iam.DetachRolePolicyInput) about {
			return about{holder: identity.OfRole(value(in.RoleName)), policy: in.PolicyArn, guard: mints}
		}), d.detachRolePolicy),
		query.Row("ListAttachedRolePolicies", names("RoleName"), on(d, func(_ *query.Call, in *iam.ListAttachedRolePoliciesInput) about { return role(in.RoleName) }), d.listAttachedRolePolicies),
		query.Row("ListInstanceProfilesForRole", names("RoleName"), on(d, func(_ *query.Call, in *iam.ListInstanceProfilesForRoleInput) about { return role(in.RoleName) }), d.listInstanceProfilesForRole),
	}
}

func (d *Door) profileRows() []*query.Operation {
	profile := func(name *string) about { return about{holder: identity.OfProfile(value(name))} }
	return []*query.Operation{
		query.Row("CreateInstanceProfile", names("InstanceProfileName"), on(d, func(_ *query.Call, in *iam.CreateInstanceProfileInput) about {
			return about{holder: identity.OfProfile(value(in.InstanceProfileName)), path: new(value(in.Path)), tags: tagsOf(in.Tags)}
		}), d.createInstanceProfile),
		query.Row("GetInstanceProfile", names("InstanceProfileName"), on(d, func(_ *query.Call, in *iam.GetInstanceProfileInput) about { return profile(in.InstanceProfileName) }), d.getInstanceProfile),
		query.Row("ListInstanceProfiles", nil, on(d, func(c *query.Call, in *iam.ListInstanceProfilesInput) about {
			return below(c, "instance-profile", in.PathPrefix)
		}), d.listInstanceProfiles),
		query.Row("DeleteInstanceProfile", names("InstanceProfileName"), on(d, func(_ *query.Call, in *iam.DeleteInstanceProfileInput) about { return profile(in.InstanceProfileName) }), d.deleteInstanceProfile),
		query.Row("AddRoleToInstanceProfile", names("InstanceProfileName", "RoleName"), on(d, func(_ *query.Call, in *iam.AddRoleToInstanceProfileInput) about {
			a := profile(in.InstanceProfileName)
			a.passes = in.RoleName
			return a
		}), d.addRoleToInstanceProfile),
		query.Row("RemoveRoleFromInstanceProfile", names("InstanceProfileName", "RoleName"), on(d, func(_ *query.Call, in *iam.RemoveRoleFromInstanceProfileInput) about {
			return profile(in.InstanceProfileName)
		}), d.removeRoleFromInstanceProfile),
		query.Row("TagInstanceProfile", names("InstanceProfileName", "Tags"), on(d, func(_ *query.Call, in *iam.TagInstanceProfileInput) about {
			return about{holder: identity.OfProfile(value(in.InstanceProfileName)), tags: tagsOf(in.Tags)}
		}), d.tagInstanceProfile),
		query.Row("UntagInstanceProfile", names("InstanceProfileName", "TagKeys"), on(d, func(_ *query.Call, in *iam.UntagInstanceProfileInput) about {
			return about{holder: identity.OfProfile(value(in.InstanceProfileName)), tagKeys: in.TagKeys}
		}), d.untagInstanceProfile),
		query.Row("ListInstanceProfileTags", names("InstanceProfileName"), on(d, func(_ *query.Call, in *iam.ListInstanceProfileTagsInput) about {
			return profile(in.InstanceProfileName)
		}), d.listInstanceProfileTags),
	}
}

func (d *Door) providerRows() []*query.Operation {
	arn := func(arn *string) about { return about{arn: value(arn), guard: harmless} }
	return []*query.Operation{
		query.Row("CreateOpenIDConnectProvider", names("Url"), on(d, func(c *query.Call, in *iam.CreateOpenIDConnectProviderInput) about {
			return about{arn: identity.OfProvider(identity.ProviderName(value(in.Url))).ARN(c.Account(), "/"), tags: tagsOf(in.Tags), guard: loosens}
		}), d.createProvider),
		query.Row("GetOpenIDConnectProvider", names("OpenIDConnectProviderArn"), on(d, func(_ *query.Call, in *iam.GetOpenIDConnectProviderInput) about {
			return arn(in.OpenIDConnectProviderArn)
		}), d.getProvider),
		query.Row("ListOpenIDConnectProviders", nil, anywhere[iam.ListOpenIDConnectProvidersInput](d), d.listProviders),
		query.Row("DeleteOpenIDConnectProvider", names("OpenIDConnectProviderArn"), on(d, func(_ *query.Call, in *iam.DeleteOpenIDConnectProviderInput) about {
			return arn(in.OpenIDConnectProviderArn)
		}), d.deleteProvider),
		query.Row("AddClientIDToOpenIDConnectProvider", names("OpenIDConnectProviderArn", "ClientID"), on(d, func(_ *query.Call, in *iam.AddClientIDToOpenIDConnectProviderInput) about {
			return about{arn: value(in.OpenIDConnectProviderArn), guard: loosens}
		}), d.addClientID),
		query.Row("RemoveClientIDFromOpenIDConnectProvider", names("OpenIDConnectProviderArn", "ClientID"), on(d, func(_ *query.Call, in *iam.RemoveClientIDFromOpenIDConnectProviderInput) about {
			return arn(in.OpenIDConnectProviderArn)
		}), d.removeClientID),
		query.Row("UpdateOpenIDConnectProviderThumbprint", names("OpenIDConnectProviderArn", "ThumbprintList"), on(d, func(_ *query.Call, in *iam.UpdateOpenIDConnectProviderThumbprintInput) about {
			return about{arn: value(in.OpenIDConnectProviderArn), guard: loosens}
		}), d.updateThumbprint),
		query.Row("TagOpenIDConnectProvider", names("OpenIDConnectProviderArn", "Tags"), on(d, func(_ *query.Call, in *iam.TagOpenIDConnectProviderInput) about {
			return about{arn: value(in.OpenIDConnectProviderArn), tags: tagsOf(in.Tags)}
		}), d.tagOpenIDConnectProvider),
		query.Row("UntagOpenIDConnectProvider", names("OpenIDConnectProviderArn", "TagKeys"), on(d, func(_ *query.Call, in *iam.UntagOpenIDConnectProviderInput) about {
			return about{arn: value(in.OpenIDConnectProviderArn), tagKeys: in.TagKeys}
		}), d.untagOpenIDConnectProvider),
		query.Row("ListOpenIDConnectProviderTags", names("OpenIDConnectProviderArn"), on(d, func(_ *query.Call, in *iam.ListOpenIDConnectProviderTagsInput) about {
			return arn(in.OpenIDConnectProviderArn)
		}), d.listOpenIDConnectProviderTags),
	}
}

func (d *Door) accountRows() []*query.Operation {
	return []*query.Operation{
		query.Row("CreateAccountAlias", names("AccountAlias"), anywhere[iam.CreateAccountAliasInput](d), d.createAccountAlias),
		query.Row("DeleteAccountAlias", names("AccountAlias"), anywhere[iam.DeleteAccountAliasInput](d), d.deleteAccountAlias),
		query.Row("ListAccountAliases", nil, anywhere[iam.ListAccountAliasesInput](d), d.listAccountAliases),
		query.Row("GetAccountSummary", nil, anywhere[iam.GetAccountSummaryInput](d), d.getAccountSummary),
		query.Row("GetAccountAuthorizationDetails", nil, anywhere[iam.GetAccountAuthorizationDetailsInput](d), d.getAccountAuthorizationDetails),
	}
}
