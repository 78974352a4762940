import type {
  Availability,
  Catalogue,
  GpuType,
  Reservation,
} from "@gpu-dev/client/http/responses.ts";
import { progressText } from "@gpu-dev/client/text/reservationText.ts";
import { formatClockTime, orList } from "../core/text.ts";
import type { Contact, LiveState } from "../live/stateKeeper.ts";
import { type Answers, typeOf } from "./answers.ts";

/**
 * The availability for requests with this disk (undefined: without one); undefined until it has
 * been read.
 */
export type AvailabilityOf = (disk: string | undefined) => Availability | undefined;

/** The server's quote for a request, as text. The planner decides; nothing is computed here. */
export interface QuoteText {
  readonly isNow: boolean;
  /** "starts now", "queued", or that the quote is not known yet. */
  readonly short: string;
  /** "starts now", "queued: 4 requests are ahead of yours.". */
  readonly long: string;
  /** The server's reason why the request would be queued, in full sentences. */
  readonly reason: string | undefined;
}

export function quoteText(
  type: Pick<GpuType, "id">,
  gpus: number,
  availability: Availability | undefined,
): QuoteText {
  const size = countsOf(type, availability)?.sizes.find((each) => each.gpus === gpus);
  if (size === undefined) return UNKNOWN;
  if (size.starts === "now") return STARTS_NOW;
  const { why: reason } = size;
  return {
    isNow: false,
    short: "queued",
    long: reason === undefined ? "queued" : `queued: ${reason}`,
    reason,
  };
}

/** The quote for the smallest size of a type. */
export function typeQuoteText(type: GpuType, availability: Availability | undefined): QuoteText {
  return quoteText(type, Math.min(...type.counts), availability);
}

/** The quote for the chosen type, size and disk. */
export function answersQuoteText(
  catalogue: Catalogue,
  availabilityOf: AvailabilityOf,
  answers: Answers,
): string {
  const type = typeOf(catalogue, answers);
  if (type === undefined) return "";
  const disk = answers.makesDisk ? undefined : answers.disk;
  return quoteText(type, answers.gpus ?? 0, availabilityOf(disk)).long;
}

/** "1 or 2 GPUs start now": the server's quote, not the free capacity. Empty until it is known. */
export function startsNowText(type: GpuType, availability: Availability | undefined): string {
  const counts = countsOf(type, availability);
  if (counts === undefined) return "";
  if (counts.totalGpus === 0) return "no nodes";
  const now = counts.sizes.filter(({ starts }) => starts === "now").map(({ gpus }) => gpus);
  const sizes = now.filter((gpus) => gpus <= type.node.gpus).sort((a, b) => a - b);
  if (sizes.length === 0) return "nothing starts now";
  if (type.kind === "cpu") return "starts now";
  const isOne = sizes.length === 1 && sizes[0] === 1;
  return isOne ? "1 GPU starts now" : `${orList(sizes)} GPUs start now`;
}

/** The prompt of a step; while the server is unavailable, with the age of the shown data. */
export function promptWithAge(
  prompt: string,
  { contact, asOf }: Pick<LiveState, "contact" | "asOf">,
  now: Date,
): string {
  if (contact.kind !== "lost" || asOf === undefined) return prompt;
  return `${prompt} (server not responding, as of ${formatClockTime(asOf, now)})`;
}

/** Whether a reservation can still become ready. */
export function isPending({ state, cancelRequestedAt }: Reservation): boolean {
  return (state === "queued" || state === "starting") && cancelRequestedAt === undefined;
}

/** The progress of a start; the last known progress while the server is unavailable. */
export function startProgressText(reservation: Reservation, contact: Contact): string {
  const progress = progressText(reservation);
  return contact.kind === "lost" ? `${progress} (server not responding; retrying)` : progress;
}

/** What happens to a pending reservation when the user stops waiting for it. */
export function backgroundStartText({ name, state }: Reservation): string {
  const continuation =
    state === "queued"
      ? `${name} stays queued and starts automatically.`
      : `${name} continues to start in the background.`;
  return `${continuation} You will be notified when it is ready.`;
}

const UNKNOWN: QuoteText = {
  isNow: false,
  short: "availability not known yet",
  long: "availability not known yet",
  reason: undefined,
};
const STARTS_NOW: QuoteText = {
  isNow: true,
  short: "starts now",
  long: "starts now",
  reason: undefined,
};

function countsOf(type: Pick<GpuType, "id">, availability: Availability | undefined) {
  return availability?.types.find((each) => each.type === type.id);
}
