import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import { type Answers, typeOf } from "./answers.ts";

/** In the order in which they are asked; which of them are asked depends on the answers before. */
export const STEPS = ["type", "gpus", "duration", "disk", "newDisk", "image", "name"] as const;
export type Step = (typeof STEPS)[number];

/** What decides which steps there are. */
export interface Course {
  readonly catalogue: Catalogue;
  /** Known from where the command was called. */
  readonly isTypeFixed: boolean;
}

/** What a person did at a step. */
export type Move =
  | { readonly kind: "back" }
  | {
      readonly kind: "answered";
      readonly answers: Answers;
      /** Everything before this step is answered already. */
      readonly goTo?: Step;
    };

export interface Place {
  readonly step: Step;
  readonly answers: Answers;
}

export function firstPlace(answers: Answers, course: Course): Place {
  return { step: course.isTypeFixed ? stepAfter("type", answers, course) : "type", answers };
}

/** Where a move leads; null: everything is answered. Going back from the first step stays there. */
export function nextPlace({ step, answers }: Place, move: Move, course: Course): Place | null {
  if (move.kind === "back") return { step: stepBefore(step, answers, course) ?? step, answers };
  if (move.goTo !== undefined) return { step: move.goTo, answers: move.answers };
  if (step === "name") return null;
  return { step: stepAfter(step, move.answers, course), answers: move.answers };
}

/** Back to a step to mend its answer, the others kept; to the last where that one is not asked. */
export function placeToMend(step: Step, answers: Answers, course: Course): Place {
  return { step: isAsked(step, answers, course) ? step : "name", answers };
}

export function stepBefore(step: Step, answers: Answers, course: Course): Step | null {
  const before = STEPS.slice(0, STEPS.indexOf(step));
  return before.findLast((each) => isAsked(each, answers, course)) ?? null;
}

/** "2 of 5". Naming a new disk is a part of choosing the disk, so it does not change how many there are. */
export function stepNumber(
  step: Step,
  answers: Answers,
  course: Course,
): { readonly step: number; readonly totalSteps: number } {
  const counted = STEPS.filter((each) => each !== "newDisk" && isAsked(each, answers, course));
  const shown = step === "newDisk" ? "disk" : step;
  return { step: counted.indexOf(shown) + 1, totalSteps: counted.length };
}

function stepAfter(step: Step, answers: Answers, course: Course): Step {
  const after = STEPS.slice(STEPS.indexOf(step) + 1);
  return after.find((each) => isAsked(each, answers, course)) ?? "name";
}

function isAsked(step: Step, answers: Answers, { catalogue, isTypeFixed }: Course): boolean {
  switch (step) {
    case "type":
      return !isTypeFixed;
    case "gpus": {
      const type = typeOf(catalogue, answers);
      return type === null || type.counts.length > 1;
    }
    case "newDisk":
      return answers.makesDisk;
    case "image":
      return catalogue.images.length > 1;
    case "duration":
    case "disk":
    case "name":
      return true;
  }
}
