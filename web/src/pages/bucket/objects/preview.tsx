import Box from "@cloudscape-design/components/box";
import Modal from "@cloudscape-design/components/modal";
import Spinner from "@cloudscape-design/components/spinner";
import { link, s3 } from "../../../aws/s3";
import { ErrorAlert } from "../../../components/errors";
import { useLoad } from "../../../components/load";
import { t } from "../../../i18n";
import type { ObjectProps } from "./details";

const head = 64 << 10; // bytes of a text that are shown

type Kind = "image" | "audio" | "video" | "pdf" | "text";

function kindOf(type: string, key: string): Kind {
  const name = key.toLowerCase();
  if (type.startsWith("image/") || /\.(png|jpe?g|gif|webp|avif|svg|bmp|ico)$/.test(name)) return "image";
  if (type.startsWith("audio/") || /\.(mp3|ogg|oga|wav|flac|m4a|opus)$/.test(name)) return "audio";
  if (type.startsWith("video/") || /\.(mp4|webm|mov|m4v|ogv)$/.test(name)) return "video";
  if (type === "application/pdf" || name.endsWith(".pdf")) return "pdf";
  return "text";
}

/**
 * What is in the object. Nothing of it runs in the console: text is text, HTML
 * too; pictures and media are inert; a PDF is framed from the API's origin,
 * which has no session.
 */
export function Preview({ name, region, item, contentType, onClose }: ObjectProps & { contentType: string; onClose: () => void }) {
  const kind = kindOf(contentType, item.key);
  const what = useLoad(async () => {
    if (kind !== "text") return link(region, name, item.key, { seconds: 900, contentType: kind === "pdf" ? "application/pdf" : undefined });
    if (!item.size) return "";
    const out = await s3(region, "GetObject", { Bucket: name, Key: item.key, Range: `bytes=0-${head - 1}` });
    return (await out.Body?.transformToString()) ?? "";
  }, [region, name, item.key]);
  return (
    <Modal visible size="max" header={item.name} closeAriaLabel={t("close")} onDismiss={onClose}>
      <ErrorAlert error={what.error} />
      {what.data === undefined ? <Spinner /> : <Shown kind={kind} data={what.data} name={item.name} />}
      {kind === "text" && (item.size ?? 0) > head ? <Box variant="small">{t("preview.cut")}</Box> : null}
    </Modal>
  );
}

function Shown({ kind, data, name }: { kind: Kind; data: string; name: string }) {
  switch (kind) {
    case "image":
      return <img className="preview" src={data} alt={name} referrerPolicy="no-referrer" />;
    case "audio":
      return <audio className="preview" src={data} controls aria-label={name} />;
    case "video":
      return <video className="preview" src={data} controls aria-label={name} />;
    case "pdf":
      return <iframe className="preview-frame" src={data} title={name} referrerPolicy="no-referrer" />;
    case "text":
      return (
        <div className="snippet">
          <pre tabIndex={0} data-testid="text">
            {data}
          </pre>
        </div>
      );
  }
}
