import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import { ConsoleError } from "../session";
import { t } from "../i18n";

export interface Explained {
  code: string;
  message: string;
  requestId: string;
}

/** What an error says, whichever API it came from. */
export function explain(err: unknown): Explained {
  if (err instanceof ConsoleError) return { code: err.code, message: err.message, requestId: err.requestId };
  if (err instanceof Error) {
    const e = err as Error & { $metadata?: { requestId?: string }; Code?: string };
    if (err instanceof TypeError && /fetch/i.test(err.message)) {
      return { code: "Unreachable", message: t("error.unreachable"), requestId: "" };
    }
    return { code: e.name, message: e.message || t("error.unknown"), requestId: e.$metadata?.requestId ?? "" };
  }
  return { code: "Error", message: String(err), requestId: "" };
}

export function isDenied(err: unknown): boolean {
  return /AccessDenied/.test(explain(err).code);
}

export function ErrorAlert({ error, title }: { error: unknown; title?: string }) {
  if (!error) return null;
  const e = explain(error);
  return (
    <Alert type="error" header={title ?? t("error.title")} data-testid="error">
      {e.message}
      <Box variant="small" display="block" color="text-status-inactive">
        {e.code}
        {e.requestId ? ` · ${t("error.request")} ${e.requestId}` : ""}
      </Box>
    </Alert>
  );
}
