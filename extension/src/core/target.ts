import type { ReservationId } from "@gpu-dev/shared/ids.ts";

/** What a command is about, as rows, notifications and links hand it over. */
export type Target =
  | { readonly kind: "reservation"; readonly id: ReservationId }
  | { readonly kind: "gpuType"; readonly gpuType: string; readonly gpus?: number }
  | { readonly kind: "disk"; readonly name: string };

/** Reads what the editor passed to a command: a row of ours, a target, or anything else (the palette passes nothing). */
export function targetFrom(argument: unknown): Target | null {
  if (typeof argument !== "object" || argument === null) return null;
  const candidate = "target" in argument ? argument.target : argument;
  if (typeof candidate !== "object" || candidate === null || !("kind" in candidate)) return null;
  return ["reservation", "gpuType", "disk"].includes(String(candidate.kind))
    ? (candidate as Target)
    : null;
}
