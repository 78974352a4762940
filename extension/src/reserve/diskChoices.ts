import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { Disk } from "@gpu-dev/shared/api/resources.ts";
import { capitalize } from "../core/text.ts";
import { formatDiskUse } from "../core/text.ts";
import type { LiveState } from "../live/live.ts";
import { type Answers, typeOf } from "./answers.ts";
import type { Choice } from "./choice.ts";
import { startOf } from "./startWords.ts";

export type DiskAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "new" };

/** None, each disk (those in use stay in sight, with who has them), and a new one. */
export function diskChoices(
  catalogue: Catalogue,
  state: Pick<LiveState, "availability" | "disks">,
  answers: Answers,
  now: Date,
): Choice<DiskAnswer>[] {
  const disks = [...(state.disks ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  const free = disks.filter(({ heldBy }) => heldBy === null);
  const { defaultSizeGib } = catalogue.disks;
  return [
    ...free.map((disk) => freeDisk(disk, typeOf(catalogue, answers), state, answers)),
    {
      id: "disk-none",
      label: "No disk",
      description: "files are deleted at the end",
      icon: "circle-slash",
      pick: { value: { kind: "none" } },
    },
    {
      id: "disk-new",
      label: "New disk...",
      description: `${String(defaultSizeGib)} GiB, kept after the end`,
      icon: "add",
      pick: { value: { kind: "new" } },
    },
    ...disks.flatMap((disk) => (disk.heldBy === null ? [] : heldDisk(disk, disk.heldBy, now))),
  ];
}

export function activeDiskId({ disk, makesDisk }: Answers): string {
  if (makesDisk) return "disk-new";
  return disk === null ? "disk-none" : `disk/${disk}`;
}

function freeDisk(
  disk: Disk,
  type: GpuType | null,
  state: Pick<LiveState, "availability">,
  { gpus }: Answers,
): Choice<DiskAnswer> {
  const { name, zone } = disk;
  const anywhere = type && startOf(type, gpus ?? 0, state.availability);
  const there = type && startOf(type, gpus ?? 0, state.availability, zone);
  // Only where the disk is what makes it wait: the rest was said at the steps before.
  const waitsForIt = anywhere?.isNow === true && there?.isNow === false;
  return {
    id: `disk/${name}`,
    label: name,
    description: sizeAndZone(disk),
    ...(waitsForIt ? { detail: capitalize(there.words) } : {}),
    icon: "database",
    pick: { value: { kind: "named", name } },
  };
}

function heldDisk(disk: Disk, heldBy: NonNullable<Disk["heldBy"]>, now: Date): Choice<DiskAnswer> {
  const { name } = disk;
  const held = formatDiskUse(heldBy, now);
  return {
    id: `disk/${name}`,
    label: name,
    description: `${held}, ${sizeAndZone(disk)}`,
    icon: "lock",
    pick: {
      whyNot: `The disk ${name} is ${held}. Choose another, or cancel ${heldBy.name} first.`,
    },
  };
}

function sizeAndZone({ sizeGib, zone }: Disk): string {
  return zone === null ? `${String(sizeGib)} GiB` : `${String(sizeGib)} GiB, ${zone}`;
}
