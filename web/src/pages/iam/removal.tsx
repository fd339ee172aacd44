import Box from "@cloudscape-design/components/box";
import type { Call } from "../../aws/cli";
import { type Holder, iam, type IAMInput, type IAMName, iamOf, ofHolder } from "../../aws/iam";
import { Confirm } from "../../components/confirm";
import { ErrorAlert, explain } from "../../components/errors";
import { useLoad } from "../../components/load";
import { t } from "../../i18n";

type Step = Call & { name: IAMName };

const step = <N extends IAMName>(name: N, input: IAMInput<N> & object): Step => ({ service: "iam", name, input });

/** What takes from a user, a group or a role all that holds back its deletion, and then deletes it. */
export type Steps = () => Promise<Step[]>;

async function policiesOf(h: Holder): Promise<Step[]> {
  const attached = (await iamOf(h, "ListAttached*Policies")).AttachedPolicies ?? [];
  const own = (await iamOf(h, "List*Policies")).PolicyNames ?? [];
  const of = (verb: "Detach*Policy" | "Delete*Policy", input: object) => ({ service: "iam", ...ofHolder(h, verb, input) }) as Step;
  return [...attached.map((p) => of("Detach*Policy", { PolicyArn: p.PolicyArn })), ...own.map((PolicyName) => of("Delete*Policy", { PolicyName }))];
}

/** The steps of a device of a user, or of the root. */
export const deviceSteps = (SerialNumber: string, UserName: string): Step[] => [
  step("DeactivateMFADevice", { UserName, SerialNumber }),
  step("DeleteVirtualMFADevice", { SerialNumber }),
];

export async function userSteps(UserName: string): Promise<Step[]> {
  const keys = (await iam("ListAccessKeys", { UserName })).AccessKeyMetadata ?? [];
  const devices = (await iam("ListMFADevices", { UserName })).MFADevices ?? [];
  const groups = (await iam("ListGroupsForUser", { UserName })).Groups ?? [];
  const login = await iam("GetLoginProfile", { UserName }).catch((err: unknown) => {
    if (!/^NoSuchEntity/.test(explain(err).code)) throw err;
  });
  return [
    ...keys.map(({ AccessKeyId = "" }) => step("DeleteAccessKey", { UserName, AccessKeyId })),
    ...devices.flatMap(({ SerialNumber = "" }) => deviceSteps(SerialNumber, UserName)),
    ...(await policiesOf({ kind: "User", name: UserName })),
    ...groups.map(({ GroupName = "" }) => step("RemoveUserFromGroup", { UserName, GroupName })),
    ...(login ? [step("DeleteLoginProfile", { UserName })] : []),
    step("DeleteUser", { UserName }),
  ];
}

export async function groupSteps(GroupName: string): Promise<Step[]> {
  const users = (await iam("GetGroup", { GroupName })).Users ?? [];
  const policies = (await iam("ListAttachedGroupPolicies", { GroupName })).AttachedPolicies ?? [];
  return [
    ...users.map(({ UserName = "" }) => step("RemoveUserFromGroup", { GroupName, UserName })),
    ...policies.map(({ PolicyArn = "" }) => step("DetachGroupPolicy", { GroupName, PolicyArn })),
    step("DeleteGroup", { GroupName }),
  ];
}

export const roleSteps = async (RoleName: string): Promise<Step[]> => [...(await policiesOf({ kind: "Role", name: RoleName })), step("DeleteRole", { RoleName })];

export async function take(steps: Step[]): Promise<void> {
  for (const s of steps) await iam(s.name, s.input as never);
}

interface RemovalProps {
  title: string;
  about: string;
  steps: Steps;
  done: () => Promise<unknown>;
  onClose: () => void;
}

/** A prompt before something is deleted with all that belongs to it, step by step. */
export function Removal({ title, about, steps, done, onClose }: RemovalProps) {
  const all = useLoad(steps, []);
  return (
    <Confirm
      title={title}
      yes={t("yes.delete")}
      disabled={!all.data}
      calls={all.data}
      onClose={onClose}
      action={async () => {
        await take(all.data ?? []);
        await done();
      }}
    >
      <Box>{about}</Box>
      <ErrorAlert error={all.error} />
    </Confirm>
  );
}
