import type { AccessRules } from "@aws-sdk/client-lightsail";
import { t } from "../i18n";

export type AccessMode = "private" | "objects" | "public";

export const accessModes: AccessMode[] = ["private", "objects", "public"];

/** The bucket access permission that a bucket's rules stand for. */
export function access(rules: AccessRules | undefined): { mode: AccessMode; label: string } {
  const mode = rules?.getObject === "public" ? "public" : rules?.allowPublicOverrides ? "objects" : "private";
  return { mode, label: t(`access.${mode}` as const) };
}

export function rulesOf(mode: AccessMode): AccessRules {
  return { getObject: mode === "public" ? "public" : "private", allowPublicOverrides: mode === "objects" };
}
