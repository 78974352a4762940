import { ApiError, ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { failureText } from "../core/errors.ts";
import type { Step } from "./steps.ts";

/** A refusal that another answer, or asking again, can mend. */
export interface Mendable {
  readonly step: Step;
  /** What the server said, for people. */
  readonly message: string;
}

/** Null: nothing that could be chosen differently mends it. */
export function mendable(error: unknown): Mendable | null {
  if (error instanceof ConnectionError) return { step: "name", message: error.message };
  if (!(error instanceof ApiError) || NOT_MENDABLE.includes(error.code)) return null;
  return { step: stepFor(error), message: failureText(error) };
}

function stepFor({ code, problem }: ApiError): Step {
  if (code === "disk_in_use") return "disk";
  const field = problem.errors?.[0]?.path.split(".").at(-1) ?? "";
  return FIELDS[field] ?? "name";
}

const NOT_MENDABLE = ["unauthenticated", "forbidden", "not_found"];

const FIELDS: Readonly<Record<string, Step>> = {
  gpuType: "type",
  gpus: "gpus",
  durationSeconds: "duration",
  disk: "disk",
  image: "image",
};
