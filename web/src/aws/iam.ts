import * as I from "@aws-sdk/client-iam";
import { config, credentials } from "../session";

export type { AccessKeyMetadata, Group, Policy, Role, User } from "@aws-sdk/client-iam";

let made: I.IAMClient | undefined;

function client(): I.IAMClient {
  made ??= new I.IAMClient({ endpoint: config().endpoint, region: config().region, credentials, maxAttempts: 2 });
  return made;
}

// The commands in use: naming them keeps the rest out of the bundle.
const commands = {
  AddClientIDToOpenIDConnectProvider: I.AddClientIDToOpenIDConnectProviderCommand,
  AddUserToGroup: I.AddUserToGroupCommand,
  AttachGroupPolicy: I.AttachGroupPolicyCommand,
  AttachRolePolicy: I.AttachRolePolicyCommand,
  AttachUserPolicy: I.AttachUserPolicyCommand,
  ChangePassword: I.ChangePasswordCommand,
  CreateAccessKey: I.CreateAccessKeyCommand,
  CreateGroup: I.CreateGroupCommand,
  CreateLoginProfile: I.CreateLoginProfileCommand,
  CreateOpenIDConnectProvider: I.CreateOpenIDConnectProviderCommand,
  CreatePolicy: I.CreatePolicyCommand,
  CreateRole: I.CreateRoleCommand,
  CreateUser: I.CreateUserCommand,
  CreateVirtualMFADevice: I.CreateVirtualMFADeviceCommand,
  DeactivateMFADevice: I.DeactivateMFADeviceCommand,
  DeleteAccessKey: I.DeleteAccessKeyCommand,
  DeleteGroup: I.DeleteGroupCommand,
  DeleteLoginProfile: I.DeleteLoginProfileCommand,
  DeleteOpenIDConnectProvider: I.DeleteOpenIDConnectProviderCommand,
  DeletePolicy: I.DeletePolicyCommand,
  DeleteRole: I.DeleteRoleCommand,
  DeleteRolePermissionsBoundary: I.DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicy: I.DeleteRolePolicyCommand,
  DeleteUser: I.DeleteUserCommand,
  DeleteUserPermissionsBoundary: I.DeleteUserPermissionsBoundaryCommand,
  DeleteUserPolicy: I.DeleteUserPolicyCommand,
  DeleteVirtualMFADevice: I.DeleteVirtualMFADeviceCommand,
  DetachGroupPolicy: I.DetachGroupPolicyCommand,
  DetachRolePolicy: I.DetachRolePolicyCommand,
  DetachUserPolicy: I.DetachUserPolicyCommand,
  EnableMFADevice: I.EnableMFADeviceCommand,
  GetAccessKeyLastUsed: I.GetAccessKeyLastUsedCommand,
  GetGroup: I.GetGroupCommand,
  GetLoginProfile: I.GetLoginProfileCommand,
  GetOpenIDConnectProvider: I.GetOpenIDConnectProviderCommand,
  GetPolicyVersion: I.GetPolicyVersionCommand,
  GetRole: I.GetRoleCommand,
  GetRolePolicy: I.GetRolePolicyCommand,
  GetUser: I.GetUserCommand,
  GetUserPolicy: I.GetUserPolicyCommand,
  ListAccessKeys: I.ListAccessKeysCommand,
  ListAttachedGroupPolicies: I.ListAttachedGroupPoliciesCommand,
  ListAttachedRolePolicies: I.ListAttachedRolePoliciesCommand,
  ListAttachedUserPolicies: I.ListAttachedUserPoliciesCommand,
  ListGroups: I.ListGroupsCommand,
  ListGroupsForUser: I.ListGroupsForUserCommand,
  ListMFADevices: I.ListMFADevicesCommand,
  ListOpenIDConnectProviders: I.ListOpenIDConnectProvidersCommand,
  ListPolicies: I.ListPoliciesCommand,
  ListRolePolicies: I.ListRolePoliciesCommand,
  ListRoles: I.ListRolesCommand,
  ListUserPolicies: I.ListUserPoliciesCommand,
  ListUsers: I.ListUsersCommand,
  PutRolePermissionsBoundary: I.PutRolePermissionsBoundaryCommand,
  PutRolePolicy: I.PutRolePolicyCommand,
  PutUserPermissionsBoundary: I.PutUserPermissionsBoundaryCommand,
  PutUserPolicy: I.PutUserPolicyCommand,
  RemoveClientIDFromOpenIDConnectProvider: I.RemoveClientIDFromOpenIDConnectProviderCommand,
  RemoveUserFromGroup: I.RemoveUserFromGroupCommand,
  SimulateCustomPolicy: I.SimulateCustomPolicyCommand,
  SimulatePrincipalPolicy: I.SimulatePrincipalPolicyCommand,
  UpdateAccessKey: I.UpdateAccessKeyCommand,
  UpdateAssumeRolePolicy: I.UpdateAssumeRolePolicyCommand,
  UpdateLoginProfile: I.UpdateLoginProfileCommand,
};

type Commands = typeof commands;
export type IAMName = keyof Commands;
export type IAMInput<N extends IAMName> = ConstructorParameters<Commands[N]>[0];
type Output<N extends IAMName> = InstanceType<Commands[N]> extends { resolveMiddleware: (...a: never[]) => (i: never) => Promise<{ output: infer O }> } ? O : never;

/** Calls an operation of IAM. */
export async function iam<N extends IAMName>(name: N, input: IAMInput<N>): Promise<Output<N>> {
  const make = commands[name] as unknown as new (i: unknown) => I.GetUserCommand;
  return (await client().send(new make(input))) as unknown as Output<N>;
}

/** All pages of a listing that has markers. */
export async function pages<T>(ask: (Marker: string | undefined) => Promise<{ IsTruncated?: boolean; Marker?: string; items: T[] | undefined }>): Promise<T[]> {
  const all: T[] = [];
  let marker: string | undefined;
  do {
    const out = await ask(marker);
    all.push(...(out.items ?? []));
    marker = out.IsTruncated ? out.Marker : undefined;
  } while (marker);
  return all;
}

export const allUsers = () => pages(async (Marker) => iam("ListUsers", { Marker }).then((o) => ({ IsTruncated: o.IsTruncated, Marker: o.Marker, items: o.Users })));
export const allPolicies = () => pages(async (Marker) => iam("ListPolicies", { Marker }).then((o) => ({ IsTruncated: o.IsTruncated, Marker: o.Marker, items: o.Policies })));
export const allGroups = () => pages(async (Marker) => iam("ListGroups", { Marker }).then((o) => ({ IsTruncated: o.IsTruncated, Marker: o.Marker, items: o.Groups })));
export const allRoles = () => pages(async (Marker) => iam("ListRoles", { Marker }).then((o) => ({ IsTruncated: o.IsTruncated, Marker: o.Marker, items: o.Roles })));

/** Who can have policies of their own. */
export type Holder = { kind: "User" | "Role"; name: string };

type HolderVerb =
  | "ListAttached*Policies"
  | "List*Policies"
  | "Attach*Policy"
  | "Detach*Policy"
  | "Get*Policy"
  | "Put*Policy"
  | "Delete*Policy"
  | "Put*PermissionsBoundary"
  | "Delete*PermissionsBoundary";

/** The name and the input of an operation that there is for users and roles alike. */
export function ofHolder(h: Holder, verb: HolderVerb, input: object = {}): { name: string; input: object } {
  return { name: verb.replace("*", h.kind), input: { [`${h.kind}Name`]: h.name, ...input } };
}

interface HolderAnswer {
  AttachedPolicies?: I.AttachedPolicy[];
  PolicyNames?: string[];
  PolicyDocument?: string;
}

/** Calls an operation that there is for users and roles alike. */
export async function iamOf(h: Holder, verb: HolderVerb, input: object = {}): Promise<HolderAnswer> {
  const call = ofHolder(h, verb, input);
  return (await iam(call.name as "ListUserPolicies", call.input as IAMInput<"ListUserPolicies">)) as HolderAnswer;
}
