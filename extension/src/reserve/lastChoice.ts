import * as z from "zod";
import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Disk } from "@gpu-dev/shared/api/resources.ts";
import { diskName } from "@gpu-dev/shared/names.ts";
import { type Answers, isWithinLimits, NO_ANSWERS } from "./answers.ts";

const lastChoice = z.object({
  gpuType: z.string(),
  gpus: z.int().min(0),
  durationSeconds: z.int().positive(),
  disk: diskName.nullable(),
  image: z.string().nullable(),
});
/** What was reserved last on a server, without its name: names are for one reservation. */
export type LastChoice = z.infer<typeof lastChoice>;

/** The part of the editor's Memento that we use. */
export interface ChoiceMemory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

export function lastChoiceKey(server: string): string {
  return `gpuDev.lastChoice/${server}`;
}

/** Null for nothing, and for whatever another version or a broken file left there. */
export function parseLastChoice(stored: unknown): LastChoice | null {
  const parsed = lastChoice.safeParse(stored);
  return parsed.success ? parsed.data : null;
}

export function lastChoiceFrom(answers: Answers): LastChoice | null {
  return parseLastChoice(answers);
}

export function answersFrom(last: LastChoice): Answers {
  return { ...NO_ANSWERS, ...last };
}

/**
 * Whether all of it can be asked for again as it is. A disk that is gone or held makes it no: the one would become
 * a new, empty disk unasked, the other is refused.
 */
export function isStillPossible(
  last: LastChoice,
  catalogue: Catalogue,
  disks: readonly Disk[] | null,
): boolean {
  const type = catalogue.types.find(({ id }) => id === last.gpuType);
  if (!type?.counts.includes(last.gpus)) return false;
  if (!isWithinLimits(type, last.durationSeconds)) return false;
  if (last.image !== null && !catalogue.images.some(({ id }) => id === last.image)) return false;
  if (last.disk === null) return true;
  return disks?.some(({ name, heldBy }) => name === last.disk && heldBy === null) ?? false;
}

/** What the steps offer first: the last answers, as far as there still is such a thing. */
export function preselected(
  last: LastChoice | null,
  catalogue: Catalogue,
  disks: readonly Disk[] | null,
): Answers {
  if (last === null) return NO_ANSWERS;
  const isThere = disks?.some(({ name }) => name === last.disk) ?? false;
  const hasImage = catalogue.images.some(({ id }) => id === last.image);
  return {
    ...answersFrom(last),
    disk: isThere ? last.disk : null,
    image: hasImage ? last.image : null,
  };
}
