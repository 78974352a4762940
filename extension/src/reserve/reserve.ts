import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import type { Account } from "../account/account.ts";
import type { CommandHandler } from "../core/commands.ts";
import type { Target } from "../core/commands.ts";
import type { Live } from "../live/live.ts";
import { signedInClient } from "../account/account.ts";
import { type Answers, createRequestKeys, requestFrom, summary } from "./answers.ts";
import { followStart } from "./followStart.ts";
import { type ChoiceMemory, lastChoiceFrom, lastChoiceKey, parseLastChoice } from "./lastChoice.ts";
import { openingFor } from "./opening.ts";
import { mendable } from "./refusals.ts";
import { send } from "./send.ts";
import { placeToMend } from "./steps.ts";
import { waitForCatalogue } from "./waitForCatalogue.ts";
import { askAll, type Begin, beginAnew } from "./wizard.ts";

export interface ReserveOptions {
  readonly account: Pick<Account, "state" | "server">;
  readonly live: Pick<Live, "state" | "onDidChange" | "refresh" | "put">;
  /** Remembers the last choice, per server. */
  readonly memento: ChoiceMemory;
  readonly now: () => Date;
  /** For what goes wrong after the command is over. */
  readonly showFailure: (error: unknown) => void;
}

/** Asks step by step, reserves, and follows the start. Closing a step leaves nothing behind. */
export function createReserve(options: ReserveOptions): CommandHandler {
  return async (target) => {
    const { live, account, showFailure } = options;
    const created = await askAndSend(options, target);
    // The command is over once the reservation exists: the start may take hours.
    followStart({ live, client: signedInClient(account), created }).catch(showFailure);
    return created;
  };
}

async function askAndSend(options: ReserveOptions, target: Target | null): Promise<Reservation> {
  const { account, live, memento, now } = options;
  signedInClient(account);
  const catalogue = await waitForCatalogue(live);
  const key = lastChoiceKey(account.server);
  const { disks } = live.state;
  const stored = parseLastChoice(memento.get(key));
  const { answers, course, last } = openingFor({ target, catalogue, disks, last: stored });
  const keyOf = createRequestKeys(() => crypto.randomUUID());
  let begin: Begin = beginAnew(answers, course);
  for (;;) {
    const chosen = await askAll({ live, now, catalogue, course, last }, begin);
    try {
      const created = await sendAnswers(options, chosen, keyOf);
      await memento.update(key, lastChoiceFrom(chosen));
      return created;
    } catch (error) {
      const refused = mendable(error);
      if (refused === null) throw error;
      begin = { place: placeToMend(refused.step, chosen, course), notice: refused.message };
      // What was on show may be old, as the refusal says; the page is drawn again when the answer comes.
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
  if (body === null) throw new Error("Not everything was chosen. Reserve again.");
  return await send({
    client: signedInClient(account),
    live,
    showFailure,
    title: `Reserving ${summary(answers)}`,
    body,
    idempotencyKey: keyOf(body),
  });
}
