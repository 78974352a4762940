import type { Command } from "commander";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { sessionFor } from "../commandAction.ts";
import { CliError } from "../exitCodes.ts";
import { holdingInterrupt } from "../heldInterrupt.ts";
import { progressSentence, resources, untilWords } from "@gpu-dev/client/text/reservationText.ts";
import { requestFrom, type ReserveOptions } from "../reserveRequest.ts";
import { askForReservation } from "../reserveWizard.ts";
import type { Session } from "../session.ts";
import { sshHostName } from "@gpu-dev/client/ssh/reservationHosts.ts";
import { sshOptions, syncSshHosts } from "../sshHosts.ts";
import { waitForReservation } from "../waitForReservation.ts";
import { connectTo } from "./connect.ts";

const collect = (value: string, previous: readonly string[] = []) => [...previous, value];

export function addReserve(program: Command): void {
  program
    .command("reserve")
    .description("reserve a server, and wait until it is ready; asks where options are missing")
    .option("-t, --gpu-type <type>", "a type as avail lists it: h100")
    .option("-g, --gpus <n>", "GPUs on one node (default: 1; none for CPU types)")
    .option("--hours <n>", "how long, fractions allowed: 0.5 (default: 1)")
    .option("--duration <time>", "how long, instead of --hours: 90m, 1h30m")
    .option("--disk <name>", "a disk of yours, made when unknown; none for no disk (default: none)")
    .option("--image <id>", "an image of the catalogue (default: the catalogue's)")
    .option("--name <name>", "its name (default: one is chosen)")
    .option("--label <key=value>", "a label; may be given several times", collect)
    .option("--no-wait", "return at once, queued")
    .option("--connect", "open a shell when it is ready")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ReserveOptions, command: Command) => {
      const fromOptions = requestFrom(options);
      const session = await sessionFor(command);
      await session.requireCredential();
      if (fromOptions === null && !session.output.interactive) {
        throw new CliError("usage", "Say which type with --gpu-type; gpu-dev avail lists them.");
      }
      const body = fromOptions ?? (await askForReservation(session));
      const { value: created, interrupted } = await holdingInterrupt(
        async () => await session.client.call("createReservation", { body }),
      );
      if (interrupted) throw new CliError("interrupted", goesOn(created));
      if (options.wait) await waitUntilReady(session, created, options.connect === true);
      else announceQueued(session, created);
    });
}

const EXAMPLES = `
Examples:
  gpu-dev reserve                                       asks for everything
  gpu-dev reserve -t h100 -g 2 --hours 1 --disk work --name demo
  gpu-dev reserve -t cpu-x86 --duration 90m --no-wait --json`;

function announceQueued(session: Session, created: Reservation): void {
  const { output } = session;
  if (output.json) {
    output.result(created);
    return;
  }
  output.line(`Reserved ${resources(created)} as ${created.name}: ${progressSentence(created)}`);
  output.line(`Look with "gpu-dev show ${created.name}".`);
}

function goesOn({ name, state }: Reservation): string {
  if (state === "queued") {
    return `${name} stays queued, and starts without you. To give it up: gpu-dev cancel ${name}`;
  }
  if (state === "stopping") return `${name} did not start, and is being ended without you.`;
  return `${name} goes on starting without you. To give it up: gpu-dev cancel ${name}`;
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
    // One that is stopping does not know yet how it ends; its end does.
    ({ state }) => state === "ready" || TERMINAL.includes(state),
    goesOn,
  );
  if (reservation.state !== "ready") {
    if (output.json) output.result(reservation);
    throw new CliError(
      "reservationOver",
      `${reservation.name} did not start: ${progressSentence(reservation)}`,
    );
  }
  const credential = await session.requireCredential();
  const state = await syncSshHosts(session, credential, [reservation]);
  const host = state.live.find((entry) => entry.id === reservation.id);
  const hostName = sshHostName(state, reservation, credential.user);
  const ssh = ["ssh", ...(await sshOptions(session)), hostName].join(" ");
  if (output.json) {
    output.result({ ...reservation, ssh, workspacePath: host?.workspacePath ?? null });
    return;
  }
  const until =
    reservation.expiresAt === null ? "" : `, ${untilWords(reservation.expiresAt, session.now())}`;
  output.line(`${reservation.name} is ready${until}.`);
  output.line(`  Connect    ${output.style.bold(ssh)}`);
  if (host !== undefined) output.line(`  Workspace  ${host.workspacePath}`);
  if (connect) process.exitCode = await connectTo(session, reservation, []);
}
