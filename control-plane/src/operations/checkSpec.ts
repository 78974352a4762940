import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { ReservationSpec } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { closestWord } from "@gpu-dev/shared/text.ts";
import { Refusal } from "../domain/refusal.ts";

/**
 * Refuses what could never run here, with what could instead: it must not wait in a queue that it
 * never leaves. @returns the type that is asked for
 */
export function checkSpec(catalogue: Catalogue, spec: ReservationSpec): GpuType {
  const type = catalogue.types.find(({ id }) => id === spec.gpuType);
  if (!type) {
    const ids = catalogue.types.map(({ id }) => id);
    const closest = closestWord(spec.gpuType, ids);
    const meant = closest === undefined ? "" : ` Did you mean ${closest}?`;
    throw neverPossible(
      "gpuType",
      `There is no GPU type "${spec.gpuType}" here.${meant} Choose one of ${listOf(ids)}.`,
    );
  }
  if (!type.counts.includes(spec.gpus)) {
    throw neverPossible("gpus", refuseCount(type, spec.gpus));
  }
  const { minSeconds, maxSeconds } = type.limits;
  if (spec.durationSeconds < minSeconds || spec.durationSeconds > maxSeconds) {
    throw neverPossible(
      "durationSeconds",
      `A reservation of ${type.title} lasts from ${formatDuration(minSeconds)} to ${formatDuration(maxSeconds)}; ${formatDuration(spec.durationSeconds)} is outside of that. Choose a duration within it.`,
    );
  }
  const images = catalogue.images.map(({ id }) => id);
  if (spec.image !== null && !images.includes(spec.image)) {
    throw neverPossible(
      "image",
      `There is no image "${spec.image}" here. Choose one of ${listOf(images)}, or leave it out for the default.`,
    );
  }
  return type;
}

function refuseCount(type: GpuType, gpus: number): string {
  if (type.kind === "cpu") {
    return `${type.title} has no GPUs, so ${String(gpus)} cannot be had. Ask for 0, or choose a GPU type.`;
  }
  const allowed = listOf(type.counts.map(String));
  const size =
    gpus > type.node.gpus ? ` One node has ${String(type.node.gpus)}, and that is the most.` : "";
  return `${type.title} can be reserved with ${allowed} GPUs; ${String(gpus)} can never run here.${size} Choose one of those counts.`;
}

function neverPossible(field: string, detail: string): Refusal {
  return new Refusal("never_possible", detail, {
    errors: [{ path: `body.${field}`, message: detail }],
  });
}

/** "1, 2, 4 or 8" */
export function listOf(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
