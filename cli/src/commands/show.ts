import type { Command } from "commander";
import { formatDuration, Minute, Second } from "@gpu-dev/shared/durations.ts";
import { LIVE } from "@gpu-dev/shared/states.ts";
import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import {
  labelsText,
  progressText,
  resources,
  untilText,
} from "@gpu-dev/client/text/reservationText.ts";
import { localTime, localTimeExact, localTimes } from "@gpu-dev/client/text/times.ts";
import { renderFields, renderTable, wrapWords } from "../output/table.ts";
import { findReservation } from "../session/findReservation.ts";
import { type Session, sessionFor } from "../session/session.ts";
import { sshCommand, syncSshHosts } from "../session/sshHosts.ts";

const MAX_EVENTS = 200;
const MIN_TEXT_COLUMNS = 20;

export function addShow(program: Command): void {
  program
    .command("show")
    .description("one reservation: state, times, how to connect, timeline")
    .argument("<name>", "its name, or the beginning of its id")
    .action(async (name: string, _options: unknown, command: Command) => {
      const session = await sessionFor(command);
      const credential = await session.requireCredential();
      const reservation = await findReservation(session, name);
      const { items: events } = await session.client.call("listReservationEvents", {
        params: { reservationId: reservation.id },
        query: { limit: MAX_EVENTS },
      });
      const state = await syncSshHosts(session, credential, [reservation]);
      const host = state.live.find((entry) => entry.id === reservation.id);
      const connection =
        host === undefined
          ? undefined
          : await sshCommand(session, state, reservation, credential.user);
      if (session.output.json) {
        session.output.result({
          reservation,
          events,
          connection,
          workspacePath: host?.workspacePath,
        });
        return;
      }
      const image = await imageText(session, reservation.spec.image);
      printPanel(session, reservation, { connection, workspacePath: host?.workspacePath, image });
      printTimeline(session, events);
    });
}

function printPanel(
  session: Session,
  reservation: Reservation,
  {
    connection,
    workspacePath,
    image,
  }: Readonly<Record<"connection" | "workspacePath" | "image", string | undefined>>,
): void {
  const { output } = session;
  const now = session.now();
  const { spec, members } = reservation;
  const at = (iso: string | undefined) => (iso === undefined ? undefined : localTime(iso, now));
  const isLive = LIVE.includes(reservation.state);
  const fields: [string, string | undefined][] = [
    ["State", progressText(reservation)],
    ["Server", resources(reservation)],
    ["Duration", durationText(reservation)],
    ["Node", members.length === 0 ? undefined : members.map(memberLabel).join(", ")],
    ["Disk", spec.disk],
    ["Image", image],
    ["Labels", labelsText(spec)],
    ["Created", at(reservation.createdAt)],
    ["Ready", at(reservation.readyAt)],
    [
      "Lease",
      isLive && reservation.expiresAt !== undefined
        ? untilText(reservation.expiresAt, now)
        : undefined,
    ],
    [
      "Extendable",
      isLive && reservation.extendableUntil !== undefined
        ? `until ${String(at(reservation.extendableUntil))}`
        : undefined,
    ],
    ["Ended", at(reservation.endedAt)],
    ["Connect", connection],
    ["Workspace", workspacePath],
    ["Id", reservation.id],
  ];
  output.line(output.style.bold(reservation.name));
  for (const line of renderFields(fields)) output.line(line);
}

/** "2 h (1 h requested, then extended)". A lease can also be shorter, after a slow start. */
function durationText({ spec, readyAt, expiresAt }: Reservation): string {
  const requested = formatDuration(spec.durationSeconds);
  if (readyAt === undefined || expiresAt === undefined) return requested;
  const seconds = (Date.parse(expiresAt) - Date.parse(readyAt)) / Second.ms;
  if (Math.abs(seconds - spec.durationSeconds) < Minute.seconds) return requested;
  return `${formatDuration(seconds)} (requested: ${requested})`;
}

/** "pytorch (registry/pytorch:2)", also for the default that the request left out. */
async function imageText({ client }: Session, id: string | undefined): Promise<string | undefined> {
  const { images } = await client.call("getCatalogue");
  const image = images.find((each) => (id === undefined ? each.default : each.id === id));
  return image === undefined ? id : `${image.id} (${image.reference})`;
}

function memberLabel(member: Reservation["members"][number]): string {
  const times = member.restarts === 1 ? "once" : `${String(member.restarts)} times`;
  const restarts = member.restarts === 0 ? "" : `, restarted ${times}`;
  return `${member.node} (${member.podName}${restarts})`;
}

function printTimeline(session: Session, events: readonly Event[]): void {
  if (events.length === 0) return;
  const { output } = session;
  const times = events.map((event) => localTimeExact(event.at, session.now()));
  const width = output.columns() - Math.max(...times.map((time) => time.length)) - 4;
  const rows = events.flatMap((event, index) =>
    wrapWords(localTimes(event.message, session.now()), Math.max(width, MIN_TEXT_COLUMNS)).map(
      (text, line) => [line === 0 ? (times[index] ?? "") : "", text],
    ),
  );
  output.line();
  for (const line of renderTable(["TIME", "WHAT HAPPENED"], rows, {
    styleHeader: output.style.dim,
  })) {
    output.line(`  ${line}`);
  }
}
