import { ApiError, ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import type { Catalogue } from "@gpu-dev/client/http/responses.ts";
import { failureText } from "../core/errors.ts";
import { type Answers, typeOf } from "./answers.ts";

/** All steps in their order. The answers decide which of them are shown. */
export const STEPS = ["type", "gpus", "duration", "disk", "newDisk", "image", "name"] as const;
export type Step = (typeof STEPS)[number];

/** The context that, together with the answers, decides which steps are shown. */
export interface WizardContext {
  readonly catalogue: Catalogue;
  /** Whether the command was called on a type. */
  readonly isTypeFixed: boolean;
}

/** The result of a step. */
export type StepResult =
  | { readonly kind: "back" }
  | {
      readonly kind: "answered";
      readonly answers: Answers;
      /** Skips to this step, because all steps before it are answered. */
      readonly goTo?: Step;
    };

/** A step with the answers at that point. */
export interface Position {
  readonly step: Step;
  readonly answers: Answers;
}

export function firstPosition(answers: Answers, context: WizardContext): Position {
  return { step: context.isTypeFixed ? stepAfter("type", answers, context) : "type", answers };
}

/**
 * The position after a result; undefined after the last step. Going back from the first step stays
 * there.
 */
export function nextPosition(
  { step, answers }: Position,
  result: StepResult,
  context: WizardContext,
): Position | undefined {
  if (result.kind === "back") return { step: stepBefore(step, answers, context) ?? step, answers };
  if (result.goTo !== undefined) return { step: result.goTo, answers: result.answers };
  if (step === "name") return undefined;
  return { step: stepAfter(step, result.answers, context), answers: result.answers };
}

/** The position at which to correct a refused answer; the last step if its step is not shown. */
export function stepToCorrect(step: Step, answers: Answers, context: WizardContext): Position {
  return { step: isShown(step, answers, context) ? step : "name", answers };
}

export function stepBefore(step: Step, answers: Answers, context: WizardContext): Step | undefined {
  const before = STEPS.slice(0, STEPS.indexOf(step));
  return before.findLast((each) => isShown(each, answers, context));
}

/**
 * "2 of 5". Naming a new disk counts as part of the disk step, so that the total stays the same.
 */
export function stepNumber(
  step: Step,
  answers: Answers,
  context: WizardContext,
): { readonly step: number; readonly totalSteps: number } {
  const counted = STEPS.filter((each) => each !== "newDisk" && isShown(each, answers, context));
  const shown = step === "newDisk" ? "disk" : step;
  return { step: counted.indexOf(shown) + 1, totalSteps: counted.length };
}

/** A refusal that the user can resolve with another answer or a retry. */
export interface Correctable {
  readonly step: Step;
  /** The user-facing message of the server. */
  readonly message: string;
}

/** Undefined if no other answer can resolve the error. */
export function correctable(error: unknown): Correctable | undefined {
  if (error instanceof ConnectionError) return { step: "name", message: error.message };
  if (!(error instanceof ApiError) || NOT_CORRECTABLE.includes(error.code)) return undefined;
  return { step: stepFor(error), message: failureText(error) };
}

function stepFor({ code, problem }: ApiError): Step {
  if (code === "disk_in_use") return "disk";
  const field = problem.errors?.[0]?.path.split(".").at(-1) ?? "";
  return STEP_OF_FIELD[field] ?? "name";
}

const NOT_CORRECTABLE = ["unauthenticated", "forbidden", "not_found"];

const STEP_OF_FIELD: Readonly<Record<string, Step>> = {
  gpuType: "type",
  gpus: "gpus",
  durationSeconds: "duration",
  disk: "disk",
  image: "image",
};

function stepAfter(step: Step, answers: Answers, context: WizardContext): Step {
  const after = STEPS.slice(STEPS.indexOf(step) + 1);
  return after.find((each) => isShown(each, answers, context)) ?? "name";
}

function isShown(step: Step, answers: Answers, { catalogue, isTypeFixed }: WizardContext): boolean {
  switch (step) {
    case "type":
      return !isTypeFixed;
    case "gpus": {
      const type = typeOf(catalogue, answers);
      return type === undefined || type.counts.length > 1;
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
