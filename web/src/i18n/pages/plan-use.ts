import { catalogue } from "..";

export const t = catalogue({
  title: "Use of the plan this month",
  about: "Counted to the minute. A forecast goes on at the rate of this month.",
  storage: "Storage in use",
  transfer: "Transferred out since the month, or the plan, began",
  of: "{used} of {quota}",
  "of.none": "{used}",
  "storage.forecast": "Mean storage of the month, if it stays as it is",
  "transfer.forecast": "Transfer at the end of the month, at the rate so far",
  overage: "Transfer above the quotas of this month",
  over: "{forecast}: above the quota",
  within: "{forecast}: within the quota",
  none: "No figures have come.",
});
