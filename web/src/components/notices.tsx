import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { useSyncExternalStore } from "react";
import Button from "@cloudscape-design/components/button";
import type { Call } from "../aws/cli";
import { Cli } from "./cli";
import { explain } from "./errors";
import { t } from "../i18n";

type Notice = FlashbarProps.MessageDefinition & { page: string };

let items: readonly Notice[] = [];
let next = 0;
const watchers = new Set<() => void>();

function change(to: readonly Notice[]): void {
  items = to;
  for (const w of watchers) w();
}

/** What can be done about what was said, and the calls that do it. */
interface Action {
  text: string;
  act: () => Promise<void>;
  calls: (Call | string)[];
}

/** Says something at the head of the page until it is dismissed. */
export function notify(type: "success" | "error" | "info" | "warning", content: string, header?: string, action?: Action): void {
  const id = String(++next);
  let busy = false;
  const message: Notice = {
    id,
    page: pageOf(location.pathname),
    type,
    header,
    content: action ? (
      <>
        {content}
        <Cli calls={action.calls} />
      </>
    ) : (
      content
    ),
    action: action ? (
      <Button
        onClick={() => {
          if (busy) return;
          busy = true;
          void action
            .act()
            .catch(notifyError)
            .finally(() => change(items.filter((i) => i.id !== id)));
        }}
      >
        {action.text}
      </Button>
    ) : undefined,
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

/** The page that an address belongs to: tabs of a bucket are one page. */
export const pageOf = (path: string) => path.split("/").slice(0, 3).join("/");

/** Drops what was said on other pages than this. */
export function clearNotices(page: string): void {
  if (items.some((i) => i.page !== page)) change(items.filter((i) => i.page === page));
}

export function useNotices(): readonly Notice[] {
  return useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => items,
  );
}
