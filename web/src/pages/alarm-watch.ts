import { useEffect, useState } from "react";
import { type Alarm, lightsail } from "../aws/lightsail";

const every = 60_000;
const event = "keyhaven-alarms";

/** Makes the banner look at once: an alarm was changed or tested. */
export function lookAtAlarms(): void {
  dispatchEvent(new Event(event));
}

/** The alarms of the region that are in alarm, looked at every minute; none for who may not see them. */
export function useAlarming(region: string): Alarm[] {
  const [alarms, setAlarms] = useState<Alarm[]>([]);
  useEffect(() => {
    let gone = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      lightsail(region, "GetAlarms", {}).then(
        (out) => {
          if (gone) return;
          const now = (out.alarms ?? []).filter((a) => a.state === "ALARM" && a.notificationEnabled);
          setAlarms(now);
          // A test ends after ten seconds.
          clearTimeout(again);
          if (now.length) again = setTimeout(look, 12_000);
        },
        () => setAlarms([]),
      );
    };
    look();
    const timer = setInterval(look, every);
    addEventListener(event, look);
    return () => {
      gone = true;
      clearInterval(timer);
      clearTimeout(again);
      removeEventListener(event, look);
    };
  }, [region]);
  return alarms;
}
