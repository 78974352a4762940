import type { Catalogue, Reservation } from "@gpu-dev/client/http/responses.ts";
import { type Account, signedInClient } from "../account/account.ts";
import type { CommandHandler, Target } from "../core/commands.ts";
import { createEmitter, disposeAll } from "../core/emitter.ts";
import { Dismissed, failureText } from "../core/errors.ts";
import type { Live } from "../live/live.ts";
import { type Answers, createRequestKeys, requestFrom, summary } from "./answers.ts";
import type { Choice } from "./choices.ts";
import { createDiskAvailability } from "./diskAvailability.ts";
import { followStart } from "./followStart.ts";
import {
  type ChoiceMemory,
  lastChoiceKey,
  openingFor,
  parseLastChoice,
  storedLastChoice,
} from "./lastChoice.ts";
import { BACK, pickOne } from "./pages.ts";
import { send } from "./send.ts";
import { correctable, stepToCorrect } from "./steps.ts";
import { restart, runWizard, type Start, type WizardOptions } from "./wizard.ts";

export interface ReserveOptions {
  readonly account: Pick<Account, "state" | "server">;
  readonly live: Pick<Live, "state" | "onDidChange" | "refresh" | "put">;
  /** Stores the last choice of each server. */
  readonly memento: ChoiceMemory;
  readonly now: () => Date;
  /** Shows errors that occur after the command has ended. */
  readonly showFailure: (error: unknown) => void;
}

/** Asks step by step, reserves, and follows the start. Closing a step leaves nothing behind. */
export function createReserve(options: ReserveOptions): CommandHandler {
  return async (target) => {
    const { live, account, showFailure } = options;
    const created = await askAndSend(options, target);
    // The command ends when the reservation exists: the start may take hours.
    followStart({ live, client: signedInClient(account), created }).catch(showFailure);
    return created;
  };
}

async function askAndSend(
  options: ReserveOptions,
  target: Target | undefined,
): Promise<Reservation> {
  const { account, live, memento, now } = options;
  const client = signedInClient(account);
  const catalogue = await waitForCatalogue(live);
  const stored = parseLastChoice(memento.get(lastChoiceKey(account.server)));
  const opening = openingFor({ target, catalogue, disks: live.state.disks, last: stored });
  const { answers, context, last } = opening;
  const diskAvailability = createDiskAvailability({
    live,
    read: (disk) => client.call("getAvailability", { query: { disk } }),
  });
  try {
    const wizard = { live, diskAvailability, now, context, last };
    return await askUntilAccepted(options, wizard, restart(answers, context));
  } finally {
    diskAvailability.dispose();
  }
}

async function askUntilAccepted(
  options: ReserveOptions,
  wizard: WizardOptions,
  first: Start,
): Promise<Reservation> {
  const { account, live, memento } = options;
  const keyOf = createRequestKeys(() => crypto.randomUUID());
  let start = first;
  for (;;) {
    const answers = await runWizard(wizard, start);
    try {
      const created = await sendAnswers(options, answers, keyOf);
      await memento.update(lastChoiceKey(account.server), storedLastChoice(answers));
      return created;
    } catch (error) {
      const refusal = correctable(error);
      if (refusal === undefined) throw error;
      const position = stepToCorrect(refusal.step, answers, wizard.context);
      start = { position, notice: refusal.message };
      // The refusal shows that the state may be stale; the page is redrawn after the read.
      live.refresh().catch(() => undefined);
    }
  }
}

async function sendAnswers(
  { account, live, showFailure }: ReserveOptions,
  answers: Answers,
  keyOf: ReturnType<typeof createRequestKeys>,
): Promise<Reservation> {
  const body = requestFrom(answers);
  if (body === undefined) throw new Error("The reservation is not complete. Reserve again.");
  return send({
    client: signedInClient(account),
    live,
    showFailure,
    title: `Reserving ${summary(answers)}`,
    body,
    idempotencyKey: keyOf(body),
  });
}

/**
 * The catalogue, at once if it is known. Otherwise a busy page until it has been read, which offers
 * to retry.
 */
async function waitForCatalogue(
  live: Pick<Live, "state" | "onDidChange" | "refresh">,
): Promise<Catalogue> {
  for (;;) {
    const { catalogue } = live.state;
    if (catalogue !== undefined) return catalogue;
    const result = await showCatalogueRead(live);
    if (result === BACK) throw new Dismissed();
    if (result !== RETRY) return result;
  }
}

const RETRY = "retry";

async function showCatalogueRead(
  live: Pick<Live, "state" | "onDidChange" | "refresh">,
): Promise<Catalogue | typeof RETRY | typeof BACK> {
  const settled = createEmitter<undefined>();
  let failure: unknown;
  live
    .refresh()
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      settled.fire(undefined);
    });
  return pickOne<Catalogue | typeof RETRY>({
    step: 1,
    totalSteps: 5,
    canGoBack: false,
    activeId: undefined,
    isBusy: () => failure === undefined,
    placeholder: () =>
      failure === undefined ? "Reading from the server..." : "Server not responding",
    choices: () => (failure === undefined ? [] : [retryChoice(failure)]),
    result: () => live.state.catalogue,
    watch: (redraw) => disposeAll(live.onDidChange(redraw), settled.on(redraw)),
  });
}

function retryChoice(failure: unknown): Choice<typeof RETRY> {
  return {
    id: RETRY,
    label: "Retry",
    detail: failureText(failure),
    icon: "refresh",
    pick: { value: RETRY },
  };
}
