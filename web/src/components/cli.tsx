import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type Call, cliLine } from "../aws/cli";
import { t } from "../i18n";

/** Text to paste elsewhere, with a button that copies it. */
export function Snippet({ text, label }: { text: string; label?: string }) {
  return (
    <div className="snippet">
      <CopyToClipboard
        variant="icon"
        copyButtonAriaLabel={label ?? t("copy")}
        copyErrorText={t("copy.failed")}
        copySuccessText={t("copy.done")}
        textToCopy={text}
      />
      {/* Focusable, as it scrolls sideways. */}
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

/** The lines of aws-cli that do what the page is about to do. */
export function Cli({ calls, open }: { calls: (Call | string)[]; open?: boolean }) {
  const text = calls.map((c) => (typeof c === "string" ? c : cliLine(c))).join("\n");
  return (
    <ExpandableSection headerText={t("cli.title")} variant="footer" defaultExpanded={open}>
      <SpaceBetween size="xs">
        <Box variant="small">{t("cli.hint")}</Box>
        <Snippet text={text} label={t("cli.copy")} />
      </SpaceBetween>
    </ExpandableSection>
  );
}
