import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { useSyncExternalStore } from "react";

const item = "keyhaven.mode";
const watchers = new Set<() => void>();
const system = matchMedia("(prefers-color-scheme: dark)");

export type Choice = "system" | "light" | "dark";

export function mode(): Choice {
  const v = localStorage.getItem(item);
  return v === "light" || v === "dark" ? v : "system";
}

export function applyTheme(): void {
  const m = mode();
  applyMode(m === "dark" || (m === "system" && system.matches) ? Mode.Dark : Mode.Light);
}

export function chooseMode(m: Choice): void {
  localStorage.setItem(item, m);
  applyTheme();
  for (const w of watchers) w();
}

system.addEventListener("change", applyTheme);

export function useMode(): Choice {
  return useSyncExternalStore((w) => {
    watchers.add(w);
    return () => watchers.delete(w);
  }, mode);
}
