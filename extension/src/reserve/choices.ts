import { capitalize } from "@gpu-dev/shared/text.ts";
import {
  addSeconds,
  formatDuration,
  Hour,
  parseDurationSeconds,
} from "@gpu-dev/shared/durations.ts";
import type { Catalogue, Disk, GpuType } from "@gpu-dev/client/http/responses.ts";
import { formatClockTime, formatDiskUse } from "../core/text.ts";
import { type Answers, isWithinLimits, typeOf } from "./answers.ts";
import { type AvailabilityOf, quoteText } from "./startText.ts";

/** One line of a list, free of the editor's types. */
export interface Choice<T> {
  /**
   * Stays the same while the meaning does, so that the selection survives changes of other lines.
   */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** The name of a codicon. */
  readonly icon?: string;
  /** The value of the line, or why it cannot be chosen now. */
  readonly pick: { readonly value: T } | { readonly whyNot: string };
  /** The line was made from the typed text, so it is not filtered by it. */
  readonly isTyped?: boolean;
}

const OFFERED_HOURS = [1, 2, 4, 8, 24, 48];

/**
 * The typed duration, then the common durations that the type allows, including the last chosen
 * one.
 */
export function durationChoices(
  type: GpuType,
  options: { readonly typed: string; readonly chosen: number | undefined; readonly now: Date },
): Choice<number>[] {
  const { typed, chosen, now } = options;
  const common = OFFERED_HOURS.map((hours) => hours * Hour.seconds);
  const candidates = chosen === undefined || common.includes(chosen) ? common : [...common, chosen];
  const allowed = candidates.filter((seconds) => isWithinLimits(type, seconds));
  const durations = allowed.length === 0 ? [type.limits.maxSeconds] : allowed;
  const offered = durations
    .sort((a, b) => a - b)
    .map((seconds): Choice<number> => ({
      id: durationId(seconds),
      label: formatHours(seconds),
      description: endText(seconds, now),
      pick: { value: seconds },
    }));
  if (typed.trim() === "") return offered;
  // The typed line replaces the offered line of the same duration.
  const own = typedChoice(type, typed, now);
  return [own, ...offered.filter(({ id }) => id !== own.id)];
}

export function durationId(seconds: number): string {
  return `duration/${String(seconds)}`;
}

/** The typed duration in seconds, or why it is not valid. */
export function parseLeaseDuration(type: GpuType, typed: string): number | string {
  const seconds = parseDurationSeconds(typed);
  if (seconds === undefined)
    return "Enter a duration with its unit, for example 90m, 1h30 or 1.5 h.";
  if (isWithinLimits(type, seconds)) return seconds;
  const { minSeconds, maxSeconds } = type.limits;
  return `Enter a duration from ${formatDuration(minSeconds)} to ${formatHours(maxSeconds)}.`;
}

export type DiskAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "new" };

/** The free disks, no disk, a new disk, and the disks in use with their holders. */
export function diskChoices(
  catalogue: Catalogue,
  options: { readonly disks: readonly Disk[] | undefined; readonly availabilityOf: AvailabilityOf },
  answers: Answers,
  now: Date,
): Choice<DiskAnswer>[] {
  const disks = [...(options.disks ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  const free = disks.filter(({ heldBy }) => heldBy === undefined);
  const type = typeOf(catalogue, answers);
  const { defaultSizeGib } = catalogue.disks;
  return [
    ...free.map((disk) => freeDiskChoice(disk, type, answers, options.availabilityOf)),
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
    ...disks.flatMap((disk) =>
      disk.heldBy === undefined ? [] : heldDiskChoice(disk, disk.heldBy, now),
    ),
  ];
}

export function activeDiskId({ disk, makesDisk }: Answers): string {
  if (makesDisk) return "disk-new";
  return disk === undefined ? "disk-none" : `disk/${disk}`;
}

export function imageChoices(catalogue: Catalogue): Choice<string>[] {
  return catalogue.images.map(({ id, title, default: isDefault }) => ({
    id: `image/${id}`,
    label: title,
    description: isDefault ? `${id}, default` : id,
    pick: { value: id },
  }));
}

function typedChoice(type: GpuType, typed: string, now: Date): Choice<number> {
  const parsed = parseLeaseDuration(type, typed);
  if (typeof parsed === "string") {
    return {
      id: "typed",
      label: typed.trim(),
      detail: parsed,
      icon: "warning",
      pick: { whyNot: parsed },
      isTyped: true,
    };
  }
  return {
    id: durationId(parsed),
    label: formatHours(parsed),
    description: endText(parsed, now),
    pick: { value: parsed },
    isTyped: true,
  };
}

function endText(seconds: number, now: Date): string {
  return `until ${formatClockTime(addSeconds(now, seconds), now)} if it starts now`;
}

/** Whole hours up to two days are written as hours. */
function formatHours(seconds: number): string {
  const hours = seconds / Hour.seconds;
  if (!Number.isInteger(hours) || hours > 48) return formatDuration(seconds);
  return hours === 1 ? "1 hour" : `${String(hours)} hours`;
}

function freeDiskChoice(
  disk: Disk,
  type: GpuType | undefined,
  { gpus }: Answers,
  availabilityOf: AvailabilityOf,
): Choice<DiskAnswer> {
  const { name } = disk;
  const without = type && quoteText(type, gpus ?? 0, availabilityOf(undefined));
  const withDisk = type && quoteText(type, gpus ?? 0, availabilityOf(name));
  // Only if the disk is what delays the start: the steps before show the quote without a disk.
  const isDelayed = without?.isNow === true && withDisk?.reason !== undefined;
  return {
    id: `disk/${name}`,
    label: name,
    description: formatSizeAndZone(disk),
    ...(isDelayed ? { detail: capitalize(withDisk.long) } : {}),
    icon: "database",
    pick: { value: { kind: "named", name } },
  };
}

function heldDiskChoice(
  disk: Disk,
  heldBy: NonNullable<Disk["heldBy"]>,
  now: Date,
): Choice<DiskAnswer> {
  const { name } = disk;
  const use = formatDiskUse(heldBy, now);
  return {
    id: `disk/${name}`,
    label: name,
    description: `${use}, ${formatSizeAndZone(disk)}`,
    icon: "lock",
    pick: {
      whyNot: `The disk ${name} is ${use}. Select another disk, or reserve again after ${heldBy.name} has ended.`,
    },
  };
}

function formatSizeAndZone({ sizeGib, zone }: Disk): string {
  return zone === undefined ? `${String(sizeGib)} GiB` : `${String(sizeGib)} GiB, ${zone}`;
}
