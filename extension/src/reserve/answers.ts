import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { CreateReservation } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { resources } from "@gpu-dev/client/text/reservationText.ts";

/** What has been chosen so far; what a step finds here is what it offers first. */
export interface Answers {
  readonly gpuType: string | null;
  readonly gpus: number | null;
  readonly durationSeconds: number | null;
  /** Null: without a disk. */
  readonly disk: string | null;
  /** The disk is to be made: only then may its name be one that the server does not know. */
  readonly makesDisk: boolean;
  /** Null: the catalogue's default. */
  readonly image: string | null;
  /** Empty: the server chooses. */
  readonly name: string;
}

export const NO_ANSWERS: Answers = {
  gpuType: null,
  gpus: null,
  durationSeconds: null,
  disk: null,
  makesDisk: false,
  image: null,
  name: "",
};

export function typeOf({ types }: Catalogue, { gpuType }: Answers): GpuType | null {
  return types.find(({ id }) => id === gpuType) ?? null;
}

/** With another type: of the earlier answers, those that this type allows stay. */
export function withType(answers: Answers, type: GpuType): Answers {
  const { gpus, durationSeconds } = answers;
  const [only] = type.counts;
  const single = type.counts.length === 1 && only !== undefined ? only : null;
  return {
    ...answers,
    gpuType: type.id,
    gpus: single ?? (gpus !== null && type.counts.includes(gpus) ? gpus : null),
    durationSeconds:
      durationSeconds !== null && isWithinLimits(type, durationSeconds) ? durationSeconds : null,
  };
}

export function isWithinLimits({ limits }: GpuType, seconds: number): boolean {
  return seconds >= limits.minSeconds && seconds <= limits.maxSeconds;
}

/** The request, once every step has its answer; null before. */
export function requestFrom(answers: Answers): CreateReservation | null {
  const { gpuType, gpus, durationSeconds, disk, image } = answers;
  if (gpuType === null || gpus === null || durationSeconds === null) return null;
  const name = answers.name.trim();
  const request = { gpuType, gpus, durationSeconds, disk, image };
  return name === "" ? request : { ...request, name };
}

/** "2 x h100 for 4 h, disk work". */
export function summary(answers: Answers): string {
  const { gpuType, gpus, durationSeconds, disk, makesDisk } = answers;
  if (gpuType === null) return "";
  const what = resources({ spec: { gpuType, gpus: gpus ?? 0 } });
  const time = durationSeconds === null ? "" : ` for ${formatDuration(durationSeconds)}`;
  const files = disk === null ? "no disk" : `${makesDisk ? "new disk" : "disk"} ${disk}`;
  return `${what}${time}, ${files}`;
}

/**
 * Gives a request its idempotency key: the same request, sent again, is one reservation; another request of the
 * same run (mended after a refusal) needs a key of its own.
 */
export function createRequestKeys(newKey: () => string): (body: CreateReservation) => string {
  const keys = new Map<string, string>();
  return (body) => {
    const content = JSON.stringify(body);
    const key = keys.get(content) ?? newKey();
    keys.set(content, key);
    return key;
  };
}
