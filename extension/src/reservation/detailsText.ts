import type { Event } from "@gpu-dev/shared/api/events.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import { progressSentence, resources, untilWords } from "@gpu-dev/client/text/reservationText.ts";
import { localTime, localTimeExact } from "@gpu-dev/client/text/times.ts";
import { plainLine } from "./plainText.ts";

export interface Details {
  readonly reservation: Reservation;
  /** Oldest first. */
  readonly events: readonly Event[];
  /** Whether there are later events than these. */
  readonly moreEvents: boolean;
  /** How to reach it, where it can be reached: "ssh gpu-dev-demo". */
  readonly connection: Connection | null;
}

export interface Connection {
  readonly host: string;
  readonly command: string;
  readonly workspacePath: string;
}

/** One reservation as a page of plain text, in columns: the headline, what it is, and its timeline. */
export function detailsText(details: Details, now: Date): string {
  const { reservation, events, moreEvents } = details;
  const rows = fieldsOf(details, now).filter((row): row is [string, string] => row[1] !== null);
  const lines = [
    reservation.name,
    "",
    ...columns(rows.map(([label, value]) => [label, plainLine(value)])),
    "",
    "Timeline, oldest first",
    "",
    ...timeline(events, now),
    ...(moreEvents ? ["Later entries are left out here: there are too many."] : []),
    "",
    `As of ${localTimeExact(now.toISOString(), now)}. This page keeps itself up to date while it is open.`,
  ];
  return `${lines.join("\n")}\n`;
}

/** What stands in place of a reservation that the server does not give any more. */
export function goneText(name: string): string {
  return `${name}\n\nThe server does not know this reservation any more, or it is not yours.\nClose this page.\n`;
}

export function signedOutText(name: string): string {
  return `${name}\n\nYou are signed out. Sign in to read this page.\n`;
}

function fieldsOf(
  { reservation, connection }: Details,
  now: Date,
): [label: string, value: string | null][] {
  const { spec, members, expiresAt, extendableUntil, owner } = reservation;
  const at = (iso: string | null) => (iso === null ? null : localTime(iso, now));
  const isLive = LIVE.includes(reservation.state);
  const labels = Object.entries(spec.labels).map(([key, value]) => `${key}=${value}`);
  return [
    ["State", progressSentence(reservation)],
    ["Server", `${resources(reservation)} for ${formatDuration(spec.durationSeconds)}`],
    ...members.map((member): [string, string] => [
      memberLabel(members, member),
      memberWords(member),
    ]),
    ["Disk", spec.disk ?? "none: files in its workspace go when it ends"],
    ["Image", spec.image],
    ["Labels", labels.length === 0 ? null : labels.join(", ")],
    ["Created", at(reservation.createdAt)],
    ["Placed", at(reservation.placedAt)],
    ["Ready", at(reservation.readyAt)],
    ["Lease", isLive && expiresAt !== null ? untilWords(expiresAt, now) : null],
    ["Extendable", isLive && extendableUntil !== null ? untilWords(extendableUntil, now) : null],
    ["Cancelled", at(reservation.cancelRequestedAt)],
    ["Ended", at(reservation.endedAt)],
    ["Host", connection?.host ?? null],
    ["Connect", connection?.command ?? null],
    ["Workspace", connection?.workspacePath ?? null],
    ["Owner", owner.name],
    ["Id", reservation.id],
  ];
}

type Member = Reservation["members"][number];

function memberLabel(members: readonly Member[], member: Member): string {
  return members.length === 1 ? "Node" : `Node ${String(member.rank)}`;
}

function memberWords({ node, podName, attempt, restarts }: Member): string {
  const again = attempt === 1 ? "" : `, start ${String(attempt)}`;
  const times = restarts === 1 ? "once" : `${String(restarts)} times`;
  return `${node}, pod ${podName}${again}${restarts === 0 ? "" : `, restarted ${times}`}`;
}

function timeline(events: readonly Event[], now: Date): string[] {
  if (events.length === 0) return ["Nothing has happened yet."];
  return columns(events.map(({ at, message }) => [localTimeExact(at, now), plainLine(message)]));
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `${first.padEnd(width)}  ${second}`.trimEnd());
}
