import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { useSyncExternalStore } from "react";
import { explain } from "./errors";
import { t } from "../i18n";

let items: readonly FlashbarProps.MessageDefinition[] = [];
let next = 0;
const watchers = new Set<() => void>();

function change(to: readonly FlashbarProps.MessageDefinition[]): void {
  items = to;
  for (const w of watchers) w();
}

/** Says something at the head of the page until it is dismissed. */
export function notify(type: "success" | "error" | "info" | "warning", content: string, header?: string): void {
  const id = String(++next);
  const message: FlashbarProps.MessageDefinition = {
    id,
    type,
    header,
    content,
    dismissible: true,
    dismissLabel: t("dismiss"),
    ariaRole: type === "error" ? "alert" : "status",
    onDismiss: () => change(items.filter((i) => i.id !== id)),
  };
  change([message, ...items].slice(0, 4));
}

export function notifyError(err: unknown): void {
  const e = explain(err);
  notify("error", `${e.message} (${e.code}${e.requestId ? ", " + t("error.request") + " " + e.requestId : ""})`);
}

export function clearNotices(): void {
  if (items.length) change([]);
}

export function useNotices(): readonly FlashbarProps.MessageDefinition[] {
  return useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => items,
  );
}
