import type { Disk } from "@gpu-dev/shared/api/resources.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { NAME_PATTERN, NAME_RULE } from "@gpu-dev/shared/names.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { capitalize } from "../core/text.ts";

/** What is wrong with the name of a reservation; null: nothing. Empty is fine: the server chooses. */
export function refuseName(
  typed: string,
  reservations: readonly Pick<Reservation, "name" | "state">[] | null,
): string | null {
  const name = typed.trim();
  if (name === "") return null;
  if (!NAME_PATTERN.test(name)) return RULE;
  const isTaken = reservations?.some((each) => each.name === name && LIVE.includes(each.state));
  return isTaken === true
    ? `You have a reservation named ${name} that has not ended. Choose another name.`
    : null;
}

export function refuseDiskName(
  typed: string,
  disks: readonly Pick<Disk, "name">[] | null,
): string | null {
  const name = typed.trim();
  if (!NAME_PATTERN.test(name)) return RULE;
  return disks?.some((disk) => disk.name === name) === true
    ? `You have a disk named ${name} already. Go back to choose it, or name the new one differently.`
    : null;
}

const RULE = `${capitalize(NAME_RULE)}.`;
