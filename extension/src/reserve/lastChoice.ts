import * as z from "zod";
import { diskName } from "@gpu-dev/shared/api/names.ts";
import { nullInFile } from "@gpu-dev/client/absence.ts";
import type { Catalogue, Disk } from "@gpu-dev/client/http/responses.ts";
import type { Target } from "../core/commands.ts";
import { type Answers, isWithinLimits, NO_ANSWERS, withType } from "./answers.ts";
import type { WizardContext } from "./steps.ts";

const lastChoice = z.object({
  gpuType: z.string(),
  gpus: z.int().min(0),
  durationSeconds: z.int().positive(),
  disk: nullInFile(diskName),
  image: nullInFile(z.string()),
});
/** The last reservation made on a server, without its name, which belongs to one reservation. */
export type LastChoice = z.infer<typeof lastChoice>;

/** The part of the editor's Memento that is used. */
export interface ChoiceMemory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

export function lastChoiceKey(server: string): string {
  return `gpuDev.lastChoice/${server}`;
}

/** Undefined if nothing is stored, or if another version or a broken file stored something else. */
export function parseLastChoice(stored: unknown): LastChoice | undefined {
  const parsed = lastChoice.safeParse(stored);
  return parsed.success ? parsed.data : undefined;
}

/** The last choice as it is stored; undefined if the answers are not complete. */
export function storedLastChoice(answers: Answers): unknown {
  const { gpuType, gpus, durationSeconds, disk, image } = answers;
  if (gpuType === undefined || gpus === undefined || durationSeconds === undefined)
    return undefined;
  return lastChoice.encode({ gpuType, gpus, durationSeconds, disk, image });
}

export function answersFrom(last: LastChoice): Answers {
  return { ...NO_ANSWERS, ...last };
}

/**
 * Whether the last choice can be repeated unchanged. It cannot if its disk no longer exists,
 * because the request would create an empty one, or if the disk is in use, because the server would
 * refuse it.
 */
export function isStillPossible(
  last: LastChoice,
  catalogue: Catalogue,
  disks: readonly Disk[] | undefined,
): boolean {
  const type = catalogue.types.find(({ id }) => id === last.gpuType);
  if (!type?.counts.includes(last.gpus)) return false;
  if (!isWithinLimits(type, last.durationSeconds)) return false;
  if (last.image !== undefined && !catalogue.images.some(({ id }) => id === last.image))
    return false;
  if (last.disk === undefined) return true;
  return disks?.some(({ name, heldBy }) => name === last.disk && heldBy === undefined) ?? false;
}

/** The initial state of the wizard. */
export interface Opening {
  readonly answers: Answers;
  readonly context: WizardContext;
  /** The choice that "Same as last time" repeats. */
  readonly last: LastChoice | undefined;
}

/** The row of a type answers the type step; the row of a free disk preselects the disk. */
export function openingFor(options: {
  readonly target: Target | undefined;
  readonly catalogue: Catalogue;
  readonly disks: readonly Disk[] | undefined;
  readonly last: LastChoice | undefined;
}): Opening {
  const { target, catalogue, disks, last } = options;
  const answers = preselected(last, catalogue, disks);
  if (target?.kind === "gpuType") {
    const type = catalogue.types.find(({ id }) => id === target.gpuType);
    if (type !== undefined) {
      const typed = withType({ ...answers, gpus: target.gpus ?? answers.gpus }, type);
      return { answers: typed, context: { catalogue, isTypeFixed: true }, last };
    }
  }
  const context = { catalogue, isTypeFixed: false };
  const isFree = disks?.some((disk) => isDisk(disk, target) && disk.heldBy === undefined) ?? false;
  if (target?.kind !== "disk" || !isFree) return { answers, context, last };
  const disk = target.name;
  return {
    answers: { ...answers, disk },
    context,
    last: last === undefined ? undefined : { ...last, disk },
  };
}

/** The last answers, without a disk or an image that no longer exists. */
function preselected(
  last: LastChoice | undefined,
  catalogue: Catalogue,
  disks: readonly Disk[] | undefined,
): Answers {
  if (last === undefined) return NO_ANSWERS;
  const hasDisk = disks?.some(({ name }) => name === last.disk) ?? false;
  const hasImage = catalogue.images.some(({ id }) => id === last.image);
  return {
    ...answersFrom(last),
    disk: hasDisk ? last.disk : undefined,
    image: hasImage ? last.image : undefined,
  };
}

function isDisk({ name }: Disk, target: Target | undefined): boolean {
  return target?.kind === "disk" && target.name === name;
}
