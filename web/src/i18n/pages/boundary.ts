import { catalogue } from "..";

export const t = catalogue({
  title: "Permissions boundary",
  about: "The most that the policies can allow: what the boundary does not allow is denied. It allows nothing by itself.",
  none: "There is none: the policies alone decide.",
  set: "Set boundary",
  change: "Change boundary",
  which: "Policy",
  remove: "Remove boundary",
  "remove.about": "{name} may then do all that its policies allow, also what {boundary} held back.",
  saved: "The permissions boundary is set.",
  removed: "The permissions boundary is removed.",
});
