import { catalogue } from "..";

export const t = catalogue({
  title: "Rotate the access key",
  second: "A second key beside the first",
  "second.hint": "Both work until you delete one.",
  create: "Create the second key",
  switch: "Your programs switch to it",
  "switch.hint": "Put the new key in place. This page looks every few seconds whether it is used.",
  "switch.seen": "The new key was used {when} for {service}.",
  old: "The old key falls silent, and is deleted",
  "old.used": "Something still used it while you watched, last {when}.",
  "old.quiet": "Not used while you watched; last {when}.",
  "old.never": "Never used.",
  still: "Still in use",
  delete: "Delete the old key",
  "delete.anyway": "Delete the old key all the same",
  done: "Rotated: the access key {id} is deleted.",
  inactive: "Make the old key inactive",
  "inactive.is": "Inactive: who still uses it is refused. It can be made active again until it is deleted.",
});
