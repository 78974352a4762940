import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { reservationId } from "@gpu-dev/shared/ids.ts";
import type { Disposable } from "../core/emitter.ts";
import { failureText } from "../core/errors.ts";
import type { CommandHandler } from "../core/commands.ts";
import { detailsText, goneText, signedOutText } from "./detailsText.ts";
import { createRefresher } from "./refresher.ts";
import { pickReservation } from "./pickReservation.ts";
import { readTimeline } from "./readTimeline.ts";
import type { ReservationCommandsOptions } from "./reservationCommands.ts";
import { sendOrAskAgain } from "./sendOrAskAgain.ts";
import { signedInClient } from "./signedIn.ts";
import { createVirtualText, type VirtualText } from "./virtualText.ts";

/** A page of plain text about one reservation, which keeps itself up to date while it is open. */
export function createShowDetails(
  options: ReservationCommandsOptions,
): Disposable & { readonly handler: CommandHandler } {
  const { live, now } = options;
  const documents = createVirtualText("gpu-dev");
  const following = follow(options, documents);
  return {
    handler: async (target) => {
      const { id, name } = await pickReservation({
        live,
        now,
        target,
        eligible: () => true,
        placeHolder: "Which reservation to show",
        none: "You have no reservation to show. Reserve a server first.",
      });
      const text = await sendOrAskAgain(
        `Reading the details of ${name}`,
        (signal) => readDetails(options, id, signal),
        { cancellable: true },
      );
      await documents.show({ path: pathOf(name), id, text }, "start");
    },
    dispose: () => {
      following.dispose();
      documents.dispose();
    },
  };
}

/** Reads each open page anew when its reservation changes, and takes all away when somebody signs out. */
function follow(options: ReservationCommandsOptions, documents: VirtualText): Disposable {
  const { account, live, log } = options;
  const refresh = createRefresher(
    async (id) => {
      const page = documents.open().find((one) => one.id === id);
      if (page === undefined || !isSignedIn(account)) return;
      const text = await textNow(options, nameOf(page.path), id);
      // Whoever signed out meanwhile wants nothing of theirs on show.
      if (isSignedIn(account)) documents.update(page.path, id, text);
    },
    (id, error) => {
      // The page keeps what it shows; the next change, or the server's return, tries again.
      log.warn(`Could not read the details of ${id}: ${failureText(error)}`);
    },
  );
  const changes = live.onDidChange(({ reservations, contact }) => {
    for (const { id } of documents.open()) {
      if (contact || reservations === "all" || reservations.includes(id)) refresh(id);
    }
  });
  const accounts = account.onDidChange(({ kind }) => {
    if (kind !== "signedOut") return;
    for (const { path, id } of documents.open()) {
      documents.update(path, id, signedOutText(nameOf(path)));
    }
  });
  return {
    dispose: () => {
      changes.dispose();
      accounts.dispose();
    },
  };
}

async function textNow(
  options: ReservationCommandsOptions,
  name: string,
  id: string,
): Promise<string> {
  try {
    return await readDetails(options, id);
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found") return goneText(name);
    throw error;
  }
}

async function readDetails(
  { account, connectionOf, now, log }: ReservationCommandsOptions,
  id: string,
  signal?: AbortSignal,
): Promise<string> {
  const client = signedInClient(account);
  const params = { reservationId: reservationId.parse(id) };
  const [reservation, timeline] = await Promise.all([
    client.call("getReservation", { params, signal }),
    readTimeline(client, params.reservationId, signal),
  ]);
  const isOver = TERMINAL.includes(reservation.state);
  const connection = isOver
    ? null
    : await connectionOf(reservation).catch((error: unknown) => {
        log.warn(`Could not tell how to reach ${reservation.name}: ${failureText(error)}`);
        return null;
      });
  return detailsText({ reservation, ...timeline, connection }, now());
}

function isSignedIn({ state }: ReservationCommandsOptions["account"]): boolean {
  return state.kind === "signedIn";
}

function pathOf(name: Reservation["name"]): string {
  return `/${name} details`;
}

function nameOf(path: string): string {
  return path.slice(1).replace(/ details$/, "");
}
