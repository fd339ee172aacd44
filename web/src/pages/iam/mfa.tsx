import type { MFADevice, VirtualMFADevice } from "@aws-sdk/client-iam";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useEffect, useState } from "react";
import type { Call } from "../../aws/cli";
import { iam } from "../../aws/iam";
import { Snippet } from "../../components/cli";
import { Confirm } from "../../components/confirm";
import { ErrorAlert, isDenied } from "../../components/errors";
import { useLoad } from "../../components/load";
import { notify } from "../../components/notices";
import { dateTime, t } from "../../i18n";
import { deviceSteps, take } from "./removal";

/** How operations that need a user's name are told that the root means itself. */
const rootName = "AWS ROOT USER";
const most = 8;

const call = (name: string, input: object): Call => ({ service: "iam", name, input });
const nameOf = (serial: string) => serial.slice(serial.lastIndexOf("/") + 1);

/** The MFA devices of a user, or of the root without a name. */
export function MFADevices({ userName, own }: { userName?: string; own?: boolean }) {
  const UserName = userName ?? rootName;
  const list = useLoad(async () => (await iam("ListMFADevices", { UserName })).MFADevices ?? [], [UserName]);
  const [assigning, setAssigning] = useState(false);
  const [removing, setRemoving] = useState<MFADevice>();
  const devices = list.data ?? [];
  const full = devices.length >= most;
  const denied = own && isDenied(list.error);
  const serial = removing?.SerialNumber ?? "";
  return (
    <>
      {denied ? null : <ErrorAlert error={list.error} />}
      <Table
        items={devices}
        loading={list.loading && !list.data}
        loadingText={t("loading")}
        trackBy="SerialNumber"
        ariaLabels={{ tableLabel: t("mfa.title") }}
        empty={<Box textAlign="center">{t(denied ? "mfa.denied" : "mfa.none")}</Box>}
        header={
          <Header
            variant="h2"
            description={t("mfa.about")}
            actions={
              <Button disabled={!list.data || full} disabledReason={full ? t("mfa.full") : undefined} onClick={() => setAssigning(true)}>
                {t("mfa.assign")}
              </Button>
            }
          >
            {t("mfa.title")}
          </Header>
        }
        columnDefinitions={[
          { id: "serial", header: t("mfa.serial"), isRowHeader: true, cell: (d) => <span className="mono">{d.SerialNumber}</span> },
          { id: "enabled", header: t("mfa.enabled"), cell: (d) => dateTime(d.EnableDate) },
          {
            id: "actions",
            header: t("actions"),
            cell: (d) => <Button variant="inline-icon" iconName="remove" ariaLabel={t("mfa.remove", { name: nameOf(d.SerialNumber ?? "") })} onClick={() => setRemoving(d)} />,
          },
        ]}
      />
      {assigning ? <Assign UserName={UserName} first={userName ?? "root-account-mfa-device"} done={list.reload} onClose={() => setAssigning(false)} /> : null}
      {removing ? (
        <Confirm
          title={t("mfa.remove.title")}
          yes={t("yes.delete")}
          calls={deviceSteps(serial, UserName)}
          onClose={() => setRemoving(undefined)}
          action={async () => {
            await take(deviceSteps(serial, UserName));
            await list.reload();
            notify("success", t("mfa.removed", { name: nameOf(serial) }));
          }}
        >
          <Box>{t("mfa.remove.about", { name: nameOf(serial) })}</Box>
        </Confirm>
      ) : null}
    </>
  );
}

interface AssignProps {
  UserName: string;
  /** What the device is called unless the person says otherwise. */
  first: string;
  done: () => Promise<void>;
  onClose: () => void;
}

/** Makes a device, then has it prove that the app has its seed. */
function Assign({ UserName, first, done, onClose }: AssignProps) {
  const [name, setName] = useState(first);
  const [made, setMade] = useState<VirtualMFADevice>();
  if (made) return <Prove UserName={UserName} device={made} done={done} onClose={onClose} />;
  const input = { VirtualMFADeviceName: name };
  return (
    <Confirm
      title={t("mfa.assign")}
      yes={t("mfa.next")}
      no={t("cancel")}
      disabled={!name}
      calls={[call("CreateVirtualMFADevice", { ...input, Outfile: "qr.png", BootstrapMethod: "QRCodePNG" })]}
      onClose={onClose}
      onDone={() => undefined}
      action={async () => setMade((await iam("CreateVirtualMFADevice", input)).VirtualMFADevice)}
    >
      <FormField label={t("mfa.name")} constraintText={t("mfa.name.hint")}>
        <Input value={name} onChange={(e) => setName(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}

function Prove({ UserName, device, done, onClose }: Omit<AssignProps, "first"> & { device: VirtualMFADevice }) {
  const SerialNumber = device.SerialNumber ?? "";
  const seed = new TextDecoder().decode(device.Base32StringSeed);
  const [picture, setPicture] = useState("");
  const [shown, setShown] = useState(false);
  const [code1, setCode1] = useState("");
  const [code2, setCode2] = useState("");
  useEffect(() => {
    const url = URL.createObjectURL(new Blob([new Uint8Array(device.QRCodePNG ?? [])], { type: "image/png" }));
    setPicture(url);
    return () => URL.revokeObjectURL(url);
  }, [device]);
  const codes = { AuthenticationCode1: code1.replaceAll(/\s/g, ""), AuthenticationCode2: code2.replaceAll(/\s/g, "") };
  const giveUp = () => {
    // Its seed is seen no more: a device that was not assigned is of no use.
    void iam("DeleteVirtualMFADevice", { SerialNumber }).catch(() => undefined);
    onClose();
  };
  return (
    <Confirm
      title={t("mfa.setup")}
      yes={t("mfa.assign")}
      no={t("cancel")}
      held
      disabled={!/^\d{6}$/.test(codes.AuthenticationCode1) || !/^\d{6}$/.test(codes.AuthenticationCode2)}
      calls={[
        call("EnableMFADevice", { UserName, SerialNumber, AuthenticationCode1: "******", AuthenticationCode2: "******" }),
        `# ${t("cancel")}:`,
        call("DeleteVirtualMFADevice", { SerialNumber }),
      ]}
      onClose={giveUp}
      onDone={onClose}
      action={async () => {
        await iam("EnableMFADevice", { UserName, SerialNumber, ...codes });
        await done();
        notify("success", t("mfa.assigned", { name: nameOf(SerialNumber) }));
      }}
    >
      <Alert type="info">{t("mfa.once")}</Alert>
      <FormField label={t("mfa.scan")}>{picture ? <img className="qr" src={picture} alt={t("mfa.qr")} /> : null}</FormField>
      <FormField label={t("mfa.secret")}>
        <SpaceBetween size="xs">
          {shown ? <Snippet text={seed} label={t("mfa.secret.copy")} /> : <Box>{"•".repeat(seed.length)}</Box>}
          <Button iconName={shown ? "lock-private" : "unlocked"} onClick={() => setShown(!shown)}>
            {t(shown ? "mfa.secret.hide" : "mfa.secret.show")}
          </Button>
        </SpaceBetween>
      </FormField>
      <FormField label={t("mfa.code1")} description={t("mfa.code1.hint")}>
        <Input inputMode="numeric" autoComplete="off" value={code1} onChange={(e) => setCode1(e.detail.value)} />
      </FormField>
      <FormField label={t("mfa.code2")} description={t("mfa.code2.hint")}>
        <Input inputMode="numeric" autoComplete="off" value={code2} onChange={(e) => setCode2(e.detail.value)} />
      </FormField>
    </Confirm>
  );
}
