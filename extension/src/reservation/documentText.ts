import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { LIVE, TERMINAL } from "@gpu-dev/shared/states.ts";
import { asSentence } from "@gpu-dev/shared/text.ts";
import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import type { ResponseOf } from "@gpu-dev/client/http/routeTypes.ts";
import {
  labelsText,
  progressText,
  resources,
  untilText,
} from "@gpu-dev/client/text/reservationText.ts";
import { localTime, localTimeExact } from "@gpu-dev/client/text/times.ts";
import type { Connection } from "./commandOptions.ts";

export interface Details {
  readonly reservation: Reservation;
  /** Oldest first. */
  readonly events: readonly Event[];
  /** Whether later events were not read. */
  readonly hasMore: boolean;
  readonly connection: Connection | undefined;
}

/** A reservation as plain text: its name, its properties in columns, and its timeline. */
export function detailsText(details: Details, now: Date): string {
  const { reservation, events, hasMore } = details;
  const rows = propertiesOf(details, now).filter(
    (row): row is [string, string] => row[1] !== undefined,
  );
  const lines = [
    reservation.name,
    "",
    ...columns(rows.map(([label, value]) => [label, plainLine(value)])),
    "",
    "Timeline, oldest first",
    "",
    ...timelineLines(events, now),
    ...(hasMore ? ["There are too many entries: later ones are not shown."] : []),
    "",
    `As of ${localTimeExact(now.toISOString(), now)}. This page updates automatically while it is open.`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Replaces the details of a reservation that the server no longer returns. */
export function goneText(name: string): string {
  return `${name}\n\nThis reservation no longer exists, or it is not yours.\nClose this page.\n`;
}

export function signedOutText(name: string): string {
  return `${name}\n\nYou are signed out. Sign in to see this page.\n`;
}

/**
 * The output of a container, under a line that states the container, the part of its output, and
 * the time.
 */
export function logsText(
  reservation: Reservation,
  logs: ResponseOf<"getReservationLogs">,
  now: Date,
): string {
  const { name, state } = reservation;
  const asOf = `as of ${localTimeExact(now.toISOString(), now)}`;
  if (logs.podName === undefined) {
    const progress = asSentence(plainLine(progressText(reservation)));
    const explanation = TERMINAL.includes(state)
      ? `${name} no longer has a container. ${progress}`
      : `${name} has no container yet. It is ${progress}`;
    return `${explanation} (${asOf})\n`;
  }
  const count = String(logs.lines.length);
  const part = logs.truncated ? `the newest ${count} lines, ` : "";
  const header = `Log of ${logs.podName}, ${part}${asOf}. Run Show Logs again to refresh.`;
  const body = logs.lines.length === 0 ? ["There is no output yet."] : logs.lines.map(plainLogLine);
  return `${[header, "", ...body].join("\n")}\n`;
}

/**
 * Reduces text of the server or of a container to one line: removes escape sequences and characters
 * that move, hide or reorder text. Tabs stay.
 */
export function plainLine(text: string): string {
  return text
    .replaceAll(ESCAPE_SEQUENCE, "")
    .replaceAll(LINE_BREAKS, " ")
    .replaceAll(INVISIBLE, "");
}

/**
 * A log line as a terminal shows it: of a progress bar that overwrites itself, the last version.
 */
export function plainLogLine(line: string): string {
  return plainLine(line.split("\r").findLast((version) => version !== "") ?? "");
}

/** CSI, OSC and similar sequences (terminated by BEL or ST), and two-character escapes. */
const ESCAPE_SEQUENCE =
  // eslint-disable-next-line no-control-regex -- the pattern matches control characters
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
const LINE_BREAKS = /[\n\v\f\r\u0085\u2028\u2029]+/g;
/**
 * Control characters other than the tab, zero-width characters, and those that change the writing
 * direction.
 */
const INVISIBLE =
  // eslint-disable-next-line no-control-regex -- the pattern matches control characters
  /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

function propertiesOf(
  { reservation, connection }: Details,
  now: Date,
): [label: string, value: string | undefined][] {
  const { spec, members, owner } = reservation;
  return [
    ["State", progressText(reservation)],
    ["Server", `${resources(reservation)} for ${formatDuration(spec.durationSeconds)}`],
    ...members.map((member): [string, string] => [
      memberLabel(members, member),
      memberText(member),
    ]),
    ["Disk", spec.disk ?? "none: files in its workspace are deleted when it ends"],
    ["Image", spec.image],
    ["Labels", labelsText(spec)],
    ["Created", localTime(reservation.createdAt, now)],
    ...leaseTimes(reservation, now),
    ["Host", connection?.host],
    ["Connect", connection?.command],
    ["Workspace", connection?.workspacePath],
    ["Owner", owner.name],
    ["Id", reservation.id],
  ];
}

/** The times of a lease after the request, each with its label; undefined where it has none. */
export function leaseTimes(
  reservation: Reservation,
  now: Date,
): [label: string, value: string | undefined][] {
  const { placedAt, readyAt, expiresAt, extendableUntil, cancelRequestedAt, endedAt } = reservation;
  const at = (iso: string | undefined) => (iso === undefined ? undefined : localTime(iso, now));
  const isLive = LIVE.includes(reservation.state);
  const until = (iso: string | undefined) =>
    isLive && iso !== undefined ? untilText(iso, now) : undefined;
  return [
    ["Placed", at(placedAt)],
    ["Ready", at(readyAt)],
    ["Lease", until(expiresAt)],
    ["Extendable", until(extendableUntil)],
    ["Cancelled", at(cancelRequestedAt)],
    ["Ended", at(endedAt)],
  ];
}

type Member = Reservation["members"][number];

function memberLabel(members: readonly Member[], member: Member): string {
  return members.length === 1 ? "Node" : `Node ${String(member.rank)}`;
}

function memberText({ node, podName, attempt, restarts }: Member): string {
  const start = attempt === 1 ? "" : `, start ${String(attempt)}`;
  const times = restarts === 1 ? "once" : `${String(restarts)} times`;
  return `${node}, pod ${podName}${start}${restarts === 0 ? "" : `, restarted ${times}`}`;
}

function timelineLines(events: readonly Event[], now: Date): string[] {
  if (events.length === 0) return ["Nothing has happened yet."];
  return columns(events.map(({ at, message }) => [localTimeExact(at, now), plainLine(message)]));
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `${first.padEnd(width)}  ${second}`.trimEnd());
}
