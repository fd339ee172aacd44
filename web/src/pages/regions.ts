import { lightsail, type Region } from "../aws/lightsail";
import { config } from "../session";

let asked: Promise<Region[]> | undefined;

/** The regions of the installation, asked for once. */
export function regions(): Promise<Region[]> {
  asked ??= lightsail(config().region, "GetRegions", {}).then(
    (out) => out.regions ?? [],
    (err: unknown) => {
      asked = undefined;
      throw err;
    },
  );
  return asked;
}
