import { catalogue } from "..";

export const t = catalogue({
  title: "Resource access",
  about: "Instances of the region that read and write the bucket without an access key.",
  none: "No instance is attached",
  attach: "Attach instance",
  "attach.yes": "Attach",
  which: "Instance",
  select: "Select an instance",
  "none.left": "No other instance is registered in this region. On the server: keyhaven instance register NAME",
  name: "Name",
  type: "Type",
  attached: "The instance {name} is attached.",
  detach: "Detach {name}",
  "detach.title": "Detach instance?",
  "detach.about": "The instance {name} is refused from the next request on.",
  "detach.yes": "Yes, detach",
  detached: "The instance {name} is detached.",
});
