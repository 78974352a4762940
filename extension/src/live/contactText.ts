import { ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { asSentence, capitalize } from "@gpu-dev/shared/text.ts";
import { formatClockTime } from "../core/text.ts";
import type { LiveState } from "./stateKeeper.ts";

/** "Server not responding, as of 11:02."; undefined while the server responds. */
export function contactAgeText(
  { contact, asOf }: Pick<LiveState, "contact" | "asOf">,
  now: Date,
): string | undefined {
  if (contact.kind !== "lost") return undefined;
  return asOf === undefined
    ? "Server not responding."
    : `Server not responding, as of ${formatClockTime(asOf, now)}.`;
}

/**
 * The message above the rows of a view while the server is unavailable: the age of the data, and
 * that the extension retries. With `detail: "why"` it includes the reason if the user can act on
 * it: a server that never responded may have a wrong URL, while the user cannot fix a server that
 * stopped responding.
 */
export function contactMessage(
  state: LiveState,
  now: Date,
  detail: "why" | "brief",
): string | undefined {
  const { contact, asOf } = state;
  const age = contactAgeText(state, now);
  if (age === undefined || contact.kind !== "lost") return undefined;
  if (detail === "brief") return age;
  const hasResponded = asOf !== undefined && contact.error instanceof ConnectionError;
  const reason = hasResponded ? [] : [asSentence(capitalize(contact.error.message))];
  return [age, ...reason, "Retrying automatically."].join(" ");
}
