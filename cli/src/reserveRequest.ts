import { type CreateReservation, createReservation } from "@gpu-dev/shared/api/reservation.ts";
import { Hour } from "@gpu-dev/shared/durations.ts";
import { CliError } from "./exitCodes.ts";
import { lengthFrom } from "./lengthOption.ts";

export interface ReserveOptions {
  readonly gpuType?: string;
  readonly gpus?: string;
  readonly hours?: string;
  readonly duration?: string;
  readonly disk?: string;
  readonly image?: string;
  readonly name?: string;
  readonly label?: readonly string[];
  readonly wait: boolean;
  readonly connect?: boolean;
}

const DEFAULT_SECONDS = Hour.seconds;

/** The request that the options ask for; null where the type is missing and has to be asked for. */
export function requestFrom(options: ReserveOptions): CreateReservation | null {
  const durationSeconds = lengthFrom(options) ?? DEFAULT_SECONDS;
  const labels = labelsFrom(options.label ?? []);
  if (options.gpuType === undefined) return null;
  const request = {
    gpuType: options.gpuType,
    gpus: gpuCount(options),
    durationSeconds,
    disk: options.disk === undefined || options.disk === "none" ? null : options.disk,
    image: options.image ?? null,
    labels,
    ...(options.name === undefined ? {} : { name: options.name }),
  };
  const parsed = createReservation.safeParse(request);
  if (parsed.success) return request;
  const [issue] = parsed.error.issues;
  const field = String(issue?.path[0] ?? "request");
  throw new CliError("usage", `${FLAGS[field] ?? field}: ${issue?.message ?? "not valid"}.`);
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

/** One GPU unless said otherwise; none for CPU types, whose ids begin with "cpu". */
function gpuCount(options: ReserveOptions): number {
  if (options.gpus === undefined) return options.gpuType?.startsWith("cpu") === true ? 0 : 1;
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
