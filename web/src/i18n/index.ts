import { IntlMessageFormat } from "intl-messageformat";
import { en } from "./en";

export type MessageId = keyof typeof en;
type Values = Record<string, string | number | Date>;

/** The texts of a page that is loaded later than the rest, with its own catalogue. */
export function catalogue<M extends Record<string, string>>(messages: M): (id: keyof M & string, values?: Values) => string {
  const formats = new Map<string, IntlMessageFormat>();
  return (id, values) => {
    let format = formats.get(id);
    if (!format) formats.set(id, (format = new IntlMessageFormat(messages[id] ?? id, "en")));
    return String(format.format(values));
  };
}

const common = catalogue(en);

/** The text of the catalogue with the id, its values filled in. */
export function t(id: MessageId, values?: Values): string {
  return common(id, values);
}

// Made once: a table of a hundred rows would make a hundred.
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const numbers = new Intl.NumberFormat();

/** A date and time as the reader's locale writes it. */
export function dateTime(value: Date | undefined): string {
  return value ? dates.format(value) : "–";
}

/** A date as the reader's locale writes it. */
export function date(value: Date | undefined): string {
  return value ? days.format(value) : "–";
}

export function number(value: number | undefined): string {
  return value === undefined ? "–" : numbers.format(value);
}

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A size in bytes, in binary units with three digits at most. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return "–";
  let n = value;
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${n < 10 && unit > 0 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}
