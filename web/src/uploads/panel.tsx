import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useRef, useSyncExternalStore } from "react";
import { explain } from "../components/errors";
import { notify, notifyError } from "../components/notices";
import { bytes, number, t } from "../i18n";
import { type Upload, uploads } from "./manager";

const most = 20; // rows; the rest is counted

const order = ["failed", "interrupted", "running", "paused", "waiting", "done"];

/** The uploads to a bucket: of each file and of all together. */
export function UploadPanel({ bucket }: { bucket: string }) {
  const all = useSyncExternalStore(uploads.watch, uploads.list).filter((u) => u.bucket === bucket);
  if (all.length === 0) return null;
  const total = all.reduce((n, u) => n + u.size, 0);
  const sent = all.reduce((n, u) => n + u.sent, 0);
  const done = all.filter((u) => u.state === "done").length;
  const complete = done === all.length;
  const rows = [...all].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).slice(0, most);
  return (
    <Container
      header={
        <Header variant="h2" actions={<Button disabled={done === 0} onClick={() => uploads.clear()}>{t("upload.clear")}</Button>}>
          {complete ? t("upload.successful") : t("upload.title")}
        </Header>
      }
    >
      <SpaceBetween size="s">
        <ProgressBar
          ariaLabel={t("upload.overall")}
          value={total ? Math.floor((sent / total) * 100) : (done / all.length) * 100}
          status={complete ? "success" : "in-progress"}
          additionalInfo={t("upload.count", { done: number(done), all: number(all.length), sent: bytes(sent), total: bytes(total) })}
          resultText={t("upload.count", { done: number(done), all: number(all.length), sent: bytes(sent), total: bytes(total) })}
        />
        {complete ? null : rows.map((u) => <Row key={u.id} upload={u} />)}
        {!complete && all.length > most ? <Box variant="small">{t("upload.more", { n: number(all.length - most) })}</Box> : null}
      </SpaceBetween>
    </Container>
  );
}

function Row({ upload: u }: { upload: Upload }) {
  const pick = useRef<HTMLInputElement>(null);
  const going = u.state === "running" || u.state === "waiting";
  return (
    <div role="group" aria-label={u.key}>
      <SpaceBetween direction="horizontal" size="s" alignItems="center">
        <ProgressBar
          ariaLabel={u.key}
          label={<span className="mono">{u.key}</span>}
          value={u.size ? Math.floor((u.sent / u.size) * 100) : u.state === "done" ? 100 : 0}
          status={u.state === "failed" ? "error" : u.state === "done" ? "success" : "in-progress"}
          description={u.state === "interrupted" ? t("upload.choose-again") : t(`upload.state.${u.state}` as const)}
          resultText={u.error ? explain(u.error).message : t("upload.state.done")}
        />
        {going ? <Button iconName="pause" variant="icon" ariaLabel={t("upload.pause", { key: u.key })} onClick={() => uploads.pause(u.id)} /> : null}
        {u.state === "paused" ? <Button iconName="play" variant="icon" ariaLabel={t("upload.resume", { key: u.key })} onClick={() => uploads.resume(u.id)} /> : null}
        {u.state === "failed" ? <Button iconName="redo" variant="icon" ariaLabel={t("upload.retry", { key: u.key })} onClick={() => uploads.resume(u.id)} /> : null}
        {u.state === "interrupted" ? (
          <>
            <input
              ref={pick}
              type="file"
              hidden
              aria-label={t("upload.choose", { key: u.key })}
              onChange={(e) => {
                const file = e.target.files?.[0];
                if (file && !uploads.resume(u.id, file)) notify("warning", t("upload.other-file", { key: u.key }));
              }}
            />
            <Button onClick={() => pick.current?.click()}>{t("upload.choose", { key: u.key })}</Button>
          </>
        ) : null}
        {u.state === "done" ? null : (
          <Button iconName="close" variant="icon" ariaLabel={t("upload.cancel", { key: u.key })} onClick={() => void uploads.cancel(u.id).catch(notifyError)} />
        )}
      </SpaceBetween>
    </div>
  );
}
