import { window } from "vscode";
import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Live } from "../live/live.ts";
import type { Answers } from "./answers.ts";
import { askStep } from "./askStep.ts";
import type { LastChoice } from "./lastChoice.ts";
import { type Course, firstPlace, nextPlace, type Place, stepBefore, stepNumber } from "./steps.ts";

export interface Wizard {
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly now: () => Date;
  readonly catalogue: Catalogue;
  readonly course: Course;
  readonly last: LastChoice | null;
}

/** Where to begin, and why there: at the first step, or at the one that a refusal sent back to. */
export interface Begin {
  readonly place: Place;
  readonly notice: string | null;
}

export function beginAnew(answers: Answers, course: Course): Begin {
  return { place: firstPlace(answers, course), notice: null };
}

/** Walks through the steps until all is answered; throws Dismissed when one of them was closed. */
export async function askAll(wizard: Wizard, begin: Begin): Promise<Answers> {
  const { course } = wizard;
  let { place, notice } = begin;
  // A text page says it itself; a list has no room for a sentence.
  if (notice !== null && place.step !== "name") void window.showWarningMessage(notice);
  for (;;) {
    const { step, answers } = place;
    const page = {
      ...stepNumber(step, answers, course),
      canGoBack: stepBefore(step, answers, course) !== null,
    };
    const move = await askStep(step, { ...wizard, answers, page, notice });
    const next = nextPlace(place, move, course);
    if (next === null) return move.kind === "answered" ? move.answers : answers;
    place = next;
    notice = null;
  }
}
