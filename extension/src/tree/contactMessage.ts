import { ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import { capitalize } from "../core/text.ts";
import { formatClockTime } from "../core/text.ts";
import type { LiveState } from "../live/live.ts";

/**
 * What stands above the rows while the server is away: their age, and that nobody has to do anything. The first view
 * says why, too, where there is something to do about it: an address that never answered may be wrong, a server that
 * just stopped answering is not the reader's to mend.
 */
export function contactMessage(
  { contact, asOf }: LiveState,
  now: Date,
  detail: "why" | "brief",
): string | null {
  if (contact.kind !== "lost") return null;
  const age =
    asOf === null
      ? "Server not answering."
      : `Server not answering, as of ${formatClockTime(asOf, now)}.`;
  if (detail === "brief") return age;
  const isJustAway = asOf !== null && contact.error instanceof ConnectionError;
  const sentences = isJustAway ? [age] : [age, reasonOf(contact.error)];
  return [...sentences, "Trying again by itself."].join(" ");
}

function reasonOf({ message }: Error): string {
  return asSentence(capitalize(message));
}
