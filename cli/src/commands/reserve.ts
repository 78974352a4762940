import type { Command } from "commander";
import type { CreateReservation } from "@gpu-dev/shared/api/reservation.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { Second } from "@gpu-dev/shared/durations.ts";
import { asSentence, closestWord } from "@gpu-dev/shared/text.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { followReservation } from "@gpu-dev/client/reservations.ts";
import { progressText, resources, untilText } from "@gpu-dev/client/text/reservationText.ts";
import { CliError } from "../output/exitCodes.ts";
import { deferInterrupt } from "../output/terminal.ts";
import { requestFrom, type ReserveOptions } from "../reserve/request.ts";
import { waitForReservation } from "../reserve/waitForReservation.ts";
import { runWizard } from "../reserve/wizard.ts";
import { type Session, sessionFor } from "../session/session.ts";
import { sshCommand, syncSshHosts } from "../session/sshHosts.ts";
import { connectTo } from "./connect.ts";

const collect = (value: string, previous: readonly string[] = []) => [...previous, value];

export function addReserve(program: Command): void {
  program
    .command("reserve")
    .description("reserve a server, and wait until it is ready; without --gpu-type it asks")
    .option("-t, --gpu-type <type>", "a type as avail lists it: h100")
    .option("-g, --gpus <n>", "GPUs on one node (default: 1; none for CPU types)")
    .option("--hours <n>", "how long, fractions allowed: 0.5 (default: 1)")
    .option("--duration <time>", "how long, instead of --hours: 90m, 1h30m")
    .option("--disk <name>", "a disk of yours; a new one is announced (default: none)")
    .option("--image <id>", "an image of the catalogue (default: the catalogue's default)")
    .option("--name <name>", "its name (default: chosen for you)")
    .option("--label <key=value>", "a label; can be repeated", collect)
    .option("--no-wait", "return at once instead of waiting until it is ready")
    .option("--connect", "open a shell when it is ready")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ReserveOptions, command: Command) => {
      const fromOptions = requestFrom(options);
      const session = await sessionFor(command);
      await session.requireCredential();
      if (fromOptions === undefined && !session.output.interactive) {
        throw new CliError("usage", "Give a type with --gpu-type; gpu-dev avail lists them.");
      }
      if (fromOptions !== undefined) await announceNewDisk(session, fromOptions.disk);
      const body = fromOptions ?? (await runWizard(session));
      const { value: created, interrupted } = await deferInterrupt(async () =>
        session.client.call("createReservation", { body }),
      );
      if (interrupted) throw new CliError("interrupted", afterInterrupt(created));
      if (options.wait) await waitUntilReady(session, created, options.connect === true);
      else announceQueued(session, await firstPlan(session, created));
    });
}

/** A mistyped name must not silently give an empty disk. */
async function announceNewDisk(
  { client, output }: Session,
  disk: CreateReservation["disk"],
): Promise<void> {
  if (disk === undefined || disk === null) return;
  const [{ items }, { disks }] = await Promise.all([
    client.call("listDisks"),
    client.call("getCatalogue"),
  ]);
  if (items.some(({ name }) => name === disk)) return;
  const closest = closestWord(
    disk,
    items.map(({ name }) => name),
  );
  output.note(
    `Disk ${disk} does not exist yet: a new, empty disk of ${String(disks.defaultSizeGib)} GiB will be ` +
      `created when the reservation starts.${closest === undefined ? "" : ` Did you mean ${closest}?`}`,
  );
}

/** The reservation once a plan has given it a place in the queue, or as it is after a moment. */
async function firstPlan({ client }: Session, created: Reservation): Promise<Reservation> {
  if (created.state !== "queued" || created.waiting !== undefined) return created;
  return followReservation({
    client,
    reservation: created,
    isDone: ({ state, waiting }) => state !== "queued" || waiting !== undefined,
    signal: AbortSignal.timeout(FIRST_PLAN_TIMEOUT_MS),
  });
}

const FIRST_PLAN_TIMEOUT_MS = 2 * Second.ms;

const EXAMPLES = `
Examples:
  gpu-dev reserve                                       asks for each value
  gpu-dev reserve -t h100 -g 2 --hours 1 --disk work --name demo
  gpu-dev reserve -t cpu-x86 --duration 90m --no-wait --json`;

function announceQueued(session: Session, created: Reservation): void {
  const { output } = session;
  if (output.json) {
    output.result(created);
    return;
  }
  const progress = asSentence(progressText(created));
  output.line(`Reserved ${resources(created)} as ${created.name}: ${progress}`);
  output.line(`To follow it: gpu-dev show ${created.name}`);
}

/** The message when Ctrl-C ends the wait. */
function afterInterrupt({ name, state }: Reservation): string {
  const cancel = `To cancel it: gpu-dev cancel ${name}`;
  if (state === "queued") return `${name} stays queued and starts in the background. ${cancel}`;
  if (state === "stopping") return `${name} did not start, and is ending in the background.`;
  return `${name} continues to start in the background. ${cancel}`;
}

async function waitUntilReady(
  session: Session,
  created: Reservation,
  connect: boolean,
): Promise<void> {
  const { output } = session;
  output.note(
    `Reserved ${resources(created)} as ${created.name}. Waiting; Ctrl-C stops only the waiting.`,
  );
  const reservation = await waitForReservation(
    session,
    created,
    // A stopping reservation does not have its end reason yet.
    ({ state }) => state === "ready" || TERMINAL.includes(state),
    afterInterrupt,
  );
  if (reservation.state !== "ready") {
    if (output.json) output.result(reservation);
    throw new CliError(
      "reservationOver",
      `${reservation.name} did not start: ${progressText(reservation)}`,
    );
  }
  const credential = await session.requireCredential();
  const state = await syncSshHosts(session, credential, [reservation]);
  const host = state.live.find((entry) => entry.id === reservation.id);
  const ssh = await sshCommand(session, state, reservation, credential.user);
  if (output.json) {
    output.result({ ...reservation, ssh, workspacePath: host?.workspacePath });
    return;
  }
  const until =
    reservation.expiresAt === undefined
      ? ""
      : `, ${untilText(reservation.expiresAt, session.now())}`;
  output.line(`${reservation.name} is ready${until}.`);
  output.line(`  Connect    ${output.style.bold(ssh)}`);
  if (host !== undefined) output.line(`  Workspace  ${host.workspacePath}`);
  if (connect) process.exitCode = await connectTo(session, reservation, []);
}
