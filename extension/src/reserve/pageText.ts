import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import { formatClockTime } from "../core/text.ts";
import type { LiveState } from "../live/live.ts";
import { type Answers, typeOf } from "./answers.ts";
import { startOf } from "./startWords.ts";

/** The question; while the server is away, how old what is shown beside it is. */
export function placeholderOf(
  question: string,
  { contact, asOf }: Pick<LiveState, "contact" | "asOf">,
  now: Date,
): string {
  if (contact.kind !== "lost" || asOf === null) return question;
  return `${question} (server not answering, as of ${formatClockTime(asOf, now)})`;
}

/** "starts now", with the chosen disk's zone in mind. */
export function answersStart(
  catalogue: Catalogue,
  { availability, disks }: Pick<LiveState, "availability" | "disks">,
  answers: Answers,
): string {
  const type = typeOf(catalogue, answers);
  if (type === null) return "";
  const zone = disks?.find(({ name }) => name === answers.disk)?.zone ?? null;
  return startOf(type, answers.gpus ?? 0, availability, zone).words;
}
