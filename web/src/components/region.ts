import { useSyncExternalStore } from "react";
import { config } from "../session";

// The region that the pages show: a choice of the reader's, kept for the next visit.
const item = "keyhaven.region";
const watchers = new Set<() => void>();

export function region(): string {
  return localStorage.getItem(item) ?? config().region;
}

export function chooseRegion(name: string): void {
  localStorage.setItem(item, name);
  for (const w of watchers) w();
}

export function useRegion(): string {
  return useSyncExternalStore((w) => {
    watchers.add(w);
    return () => watchers.delete(w);
  }, region);
}
