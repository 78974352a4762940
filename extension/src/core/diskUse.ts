import type { Disk } from "@gpu-dev/shared/api/resources.ts";
import { clockTime } from "./clockTime.ts";

/** "used by demo until 15:20". */
export function diskUse({ name, until }: NonNullable<Disk["heldBy"]>, now: Date): string {
  return `used by ${name}${until === null ? "" : ` until ${clockTime(new Date(until), now)}`}`;
}
