import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Disk } from "@gpu-dev/shared/api/resources.ts";
import type { Target } from "../core/commands.ts";
import { type Answers, withType } from "./answers.ts";
import { type LastChoice, preselected } from "./lastChoice.ts";
import type { Course } from "./steps.ts";

/** How a run of the wizard begins. */
export interface Opening {
  readonly answers: Answers;
  readonly course: Course;
  /** What "like last time" means in this run. */
  readonly last: LastChoice | null;
}

/** From a row of a type, that step is answered; from the row of a free disk, it is the one offered. */
export function openingFor(options: {
  readonly target: Target | null;
  readonly catalogue: Catalogue;
  readonly disks: readonly Disk[] | null;
  readonly last: LastChoice | null;
}): Opening {
  const { target, catalogue, disks, last } = options;
  const answers = preselected(last, catalogue, disks);
  if (target?.kind === "gpuType") {
    const type = catalogue.types.find(({ id }) => id === target.gpuType);
    if (type !== undefined) {
      const wanted = withType({ ...answers, gpus: target.gpus ?? answers.gpus }, type);
      return { answers: wanted, course: { catalogue, isTypeFixed: true }, last };
    }
  }
  const course = { catalogue, isTypeFixed: false };
  const isFree = disks?.some((disk) => isDisk(disk, target) && disk.heldBy === null) ?? false;
  if (target?.kind !== "disk" || !isFree) return { answers, course, last };
  const disk = target.name;
  return { answers: { ...answers, disk }, course, last: last === null ? null : { ...last, disk } };
}

function isDisk({ name }: Disk, target: Target | null): boolean {
  return target?.kind === "disk" && target.name === name;
}
