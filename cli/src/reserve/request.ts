import { type CreateReservation, createReservation } from "@gpu-dev/shared/api/reservation.ts";
import { Hour, parseDurationSeconds } from "@gpu-dev/shared/durations.ts";
import { CliError } from "../output/exitCodes.ts";

export interface DurationOptions {
  readonly hours?: string;
  readonly duration?: string;
}

export interface ReserveOptions extends DurationOptions {
  readonly gpuType?: string;
  readonly gpus?: string;
  readonly disk?: string;
  readonly image?: string;
  readonly name?: string;
  readonly label?: readonly string[];
  readonly wait: boolean;
  readonly connect?: boolean;
}

const DEFAULT_SECONDS = Hour.seconds;

/**
 * The request that the options describe; undefined if the type is missing and the wizard must ask.
 */
export function requestFrom(options: ReserveOptions): CreateReservation | undefined {
  const durationSeconds = durationFrom(options) ?? DEFAULT_SECONDS;
  const labels = labelsFrom(options.label ?? []);
  if (options.gpuType === undefined) return undefined;
  const gpuType = options.gpuType.toLowerCase();
  const request = {
    gpuType,
    gpus: gpuCount(options),
    durationSeconds,
    disk: options.disk === undefined || options.disk === "none" ? undefined : options.disk,
    image: options.image,
    labels,
    ...(options.name === undefined ? {} : { name: options.name }),
  };
  const parsed = createReservation.safeParse(request);
  if (parsed.success) return request;
  const [issue] = parsed.error.issues;
  const field = String(issue?.path[0] ?? "request");
  throw new CliError("usage", `${FLAGS[field] ?? field}: ${issue?.message ?? "not valid"}.`);
}

/** Seconds from --hours or --duration, not rounded to hours; undefined if neither is given. */
export function durationFrom({ hours, duration }: DurationOptions): number | undefined {
  if (hours !== undefined && duration !== undefined) {
    throw new CliError("usage", "Give --hours or --duration, not both.");
  }
  if (hours !== undefined) {
    const seconds = Math.round(Number(hours) * Hour.seconds);
    if (/^\d*\.?\d+$/.test(hours) && seconds > 0) return seconds;
    throw new CliError("usage", `--hours takes a number like 1 or 0.5, not "${hours}".`);
  }
  if (duration === undefined) return undefined;
  const seconds = parseDurationSeconds(duration);
  if (seconds !== undefined && seconds > 0) return seconds;
  throw new CliError(
    "usage",
    `--duration takes a duration like 90m, 2h or 1h30m, not "${duration}".`,
  );
}

const FLAGS: Readonly<Record<string, string>> = {
  gpuType: "--gpu-type",
  gpus: "--gpus",
  durationSeconds: "--hours",
  disk: "--disk",
  image: "--image",
  name: "--name",
  labels: "--label",
};

/** By default one GPU, and none for CPU types, whose ids begin with "cpu". */
function gpuCount(options: ReserveOptions): number {
  if (options.gpus === undefined)
    return options.gpuType?.toLowerCase().startsWith("cpu") === true ? 0 : 1;
  if (/^\d{1,4}$/.test(options.gpus)) return Number(options.gpus);
  throw new CliError("usage", `--gpus takes a whole number, not "${options.gpus}".`);
}

function labelsFrom(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)];
      throw new CliError("usage", `--label takes key=value, not "${pair}".`);
    }),
  );
}
