import { window } from "vscode";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import { Dismissed, failureText } from "../core/errors.ts";
import type { CommandHandler } from "../core/commands.ts";
import {
  boundSentence,
  extendChoices,
  extendedSentence,
  isExtendable,
  readLength,
  whyNotExtendable,
} from "./extendChoices.ts";
import { pickReservation } from "./pickReservation.ts";
import type { ReservationCommandsOptions } from "./reservationCommands.ts";
import { sendOrAskAgain } from "./sendOrAskAgain.ts";
import { signedInClient } from "./signedIn.ts";

/** Asks by how much, extends, and says the new end; a refusal says what would be possible and asks again. */
export function createExtend(options: ReservationCommandsOptions): CommandHandler {
  const { live, now } = options;
  return async (target) => {
    let reservation = await pickReservation({
      live,
      now,
      target,
      eligible: isExtendable,
      placeHolder: "Which reservation to extend",
      none: "No reservation of yours is running, so there is none to extend.",
    });
    for (;;) {
      const why = whyNotExtendable(reservation, now());
      if (why !== null) throw new Error(why);
      const seconds = await askHowLong(options, reservation);
      try {
        reservation = await send(options, reservation, seconds);
        void window.showInformationMessage(extendedSentence(reservation, now()));
        return reservation;
      } catch (error) {
        reservation = await afterRefusal(options, reservation, error);
      }
    }
  };
}

const OTHER = "Another length…";

async function askHowLong(
  { live, now }: ReservationCommandsOptions,
  reservation: Reservation,
): Promise<number> {
  const { catalogue } = live.state;
  const title = `Extend ${reservation.name}`;
  const bound = boundSentence(reservation, catalogue, now());
  const choices = extendChoices(reservation, catalogue, now());
  const picked = await window.showQuickPick(
    [...choices, { label: OTHER, description: "such as 90m or 1h30m", seconds: null }],
    { title, placeHolder: bound },
  );
  if (picked === undefined) throw new Dismissed();
  if (picked.seconds !== null) return picked.seconds;
  const text = await window.showInputBox({
    title,
    prompt: `By how much. ${bound}`,
    placeHolder: "1h30m",
    validateInput: (typed) => {
      const read = readLength(typed, reservation, catalogue);
      return typeof read === "string" ? read : undefined;
    },
  });
  const seconds = text === undefined ? null : readLength(text, reservation, catalogue);
  if (typeof seconds !== "number") throw new Dismissed();
  return seconds;
}

/** Under one idempotency key for all tries: an extension whose answer was lost counts once. */
async function send(
  { account, live, log }: ReservationCommandsOptions,
  { id, name }: Reservation,
  seconds: number,
): Promise<Reservation> {
  const client = signedInClient(account);
  const idempotencyKey = crypto.randomUUID();
  const params = { reservationId: id };
  try {
    const extended = await sendOrAskAgain(
      `Extending ${name}`,
      (signal) =>
        client.call("extendReservation", { params, body: { seconds }, idempotencyKey, signal }),
      { cancellable: true },
    );
    live.put(extended);
    return extended;
  } catch (error) {
    // Stopped half-way: whether it arrived, only the server can say. What it says goes on show.
    if (error instanceof Dismissed) {
      await client
        .call("getReservation", { params })
        .then((current) => {
          live.put(current);
        })
        .catch((failure: unknown) => {
          log.warn(`Could not see whether ${name} was extended: ${failureText(failure)}`);
        });
    }
    throw error;
  }
}

/** The reservation as it is now, to choose from anew; throws where the refusal was not about the length. */
async function afterRefusal(
  { account, live }: ReservationCommandsOptions,
  { id }: Reservation,
  error: unknown,
): Promise<Reservation> {
  if (!(error instanceof ApiError) || error.code !== "extension_refused") throw error;
  const params = { reservationId: id };
  const current = await signedInClient(account).call("getReservation", { params });
  live.put(current);
  const again = "Choose Another Length";
  const chosen = await window.showWarningMessage(failureText(error), again);
  if (chosen === undefined) throw new Dismissed();
  return current;
}
