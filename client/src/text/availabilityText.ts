import { systemClock } from "../clock.ts";
import type { Availability } from "../http/responses.ts";
import { localTimes } from "./times.ts";

export type TypeAvailability = Availability["types"][number];
export type SizeAvailability = TypeAvailability["sizes"][number];

/**
 * "starts now", or "queued: 2 requests are ahead of yours.": the server's reason includes the
 * count.
 */
export function startText(size: SizeAvailability | undefined): string {
  if (size === undefined) return "start unknown";
  if (size.starts === "now") return "starts now";
  const why = size.why ?? `${String(size.ahead)} ahead.`;
  return `queued: ${localTimes(why, systemClock.now())}`;
}

/** The sizes of a type that start now, in a few words: "1, 2, 4", "none (1 ahead)". */
export function startsNowLabel(type: TypeAvailability): string {
  if (type.sizes.length === 0) return "unknown";
  const now = type.sizes.filter((size) => size.starts === "now");
  if (now.length === 0) return withAhead("none", type);
  if (now.every((size) => size.gpus === 0)) return "yes";
  return now.map((size) => String(size.gpus)).join(", ");
}

/** A word for a type of which no size starts now, with the requests ahead: "none (1 ahead)". */
export function withAhead(word: string, { sizes }: TypeAvailability): string {
  const ahead = Math.min(...sizes.map((size) => size.ahead));
  return ahead === 0 ? word : `${word} (${String(ahead)} ahead)`;
}

/** Why sizes of a type do not start now, one sentence for the sizes with the same reason. */
export function whySizesWait(type: TypeAvailability): string[] {
  const waiting = type.sizes.filter((size) => size.starts !== "now");
  const isEvery = waiting.length === type.sizes.length;
  return [...Map.groupBy(waiting, startText)].map(([text, sizes]) => {
    const isAll = isEvery && sizes.length === type.sizes.length;
    const counts = sizes.map((size) => String(size.gpus)).join(", ");
    return isAll ? `${type.type}: ${text}` : `${type.type} with ${counts} GPUs: ${text}`;
  });
}
