import { type Coalescer, createCoalescer } from "@gpu-dev/shared/coalesce.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { CommandHandler } from "../core/commands.ts";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import { failureText } from "../core/errors.ts";
import { readDetails } from "../details/readDetails.ts";
import type { ReservationCommandsOptions } from "./commandOptions.ts";
import { type Details, detailsText, goneText, signedOutText } from "./documentText.ts";
import { pickDetails } from "./pickDetails.ts";
import { createVirtualText, type VirtualText } from "./virtualText.ts";

/** Shows the details as a plain-text page, for copying. It updates while it is open. */
export function createShowDetailsText(
  options: ReservationCommandsOptions,
): Disposable & { readonly handler: CommandHandler } {
  const documents = createVirtualText("gpu-dev");
  const updates = updateOpenPages(options, documents);
  return {
    handler: async (target) => {
      const details = await pickDetails(options, target);
      const { id, name } = details.reservation;
      const text = textOf(options, details);
      await documents.show({ path: pathOf(name), id, text }, "start");
    },
    ...disposeAll(updates, documents),
  };
}

/**
 * Re-reads an open page when its reservation changes, and clears all pages when the user signs out.
 */
function updateOpenPages(options: ReservationCommandsOptions, documents: VirtualText): Disposable {
  const { account, live, log } = options;
  const refreshes = new Map<string, Coalescer>();
  const refreshOf = (id: string): Coalescer => {
    const existing = refreshes.get(id);
    if (existing !== undefined) return existing;
    const created = createCoalescer(
      () => refreshPage(options, documents, id),
      (error) => {
        // The page keeps its text until the next change, or until the server returns.
        log.warn(`Could not read the details of ${id}: ${failureText(error)}`);
      },
    );
    refreshes.set(id, created);
    return created;
  };
  const changes = live.onDidChange(({ reservations, contact }) => {
    for (const { id } of documents.open()) {
      if (contact || reservations === "all" || reservations.includes(id)) refreshOf(id).trigger();
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
      for (const refresh of refreshes.values()) void refresh.stop();
    },
  };
}

async function refreshPage(
  options: ReservationCommandsOptions,
  documents: VirtualText,
  id: string,
): Promise<void> {
  const page = documents.open().find((each) => each.id === id);
  if (page === undefined || !isSignedIn(options.account)) return;
  const text = await readDetailsOrGone(options, nameOf(page.path), id);
  // The user may have signed out during the read; the page must stay cleared.
  if (isSignedIn(options.account)) documents.update(page.path, id, text);
}

async function readDetailsOrGone(
  options: ReservationCommandsOptions,
  name: string,
  id: string,
): Promise<string> {
  try {
    return textOf(options, await readDetails(options, id as ReservationId));
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found") return goneText(name);
    throw error;
  }
}

function textOf({ now }: ReservationCommandsOptions, details: Details): string {
  return detailsText(details, now());
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
