import { window } from "vscode";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { signedInClient } from "../account/account.ts";
import type { CommandHandler } from "../core/commands.ts";
import { Dismissed, failureText } from "../core/errors.ts";
import type { ReservationCommandsOptions } from "./commandOptions.ts";
import {
  extendChoices,
  extendedText,
  extensionLimitText,
  isExtendable,
  parseExtension,
  whyNotExtendable,
} from "./extendChoices.ts";
import { pickReservation } from "./pickReservation.ts";
import { sendWithRetry } from "./sendWithRetry.ts";

/**
 * Asks for the length, extends, and shows the new end. A refusal shows what is possible and asks
 * again.
 */
export function createExtend(options: ReservationCommandsOptions): CommandHandler {
  const { live, now } = options;
  return async (target) => {
    let reservation = await pickReservation({
      live,
      now,
      target,
      eligible: isExtendable,
      placeHolder: "Select the reservation to extend",
      none: "You have no running reservation to extend.",
    });
    for (;;) {
      const refusal = whyNotExtendable(reservation, now());
      if (refusal !== undefined) throw new Error(refusal);
      const seconds = await askLength(options, reservation);
      try {
        reservation = await extend(options, reservation, seconds);
        void window.showInformationMessage(extendedText(reservation, now()));
        return reservation;
      } catch (error) {
        reservation = await afterRefusal(options, reservation, error);
      }
    }
  };
}

const OTHER_LENGTH = "Other length…";

async function askLength(
  { live, now }: ReservationCommandsOptions,
  reservation: Reservation,
): Promise<number> {
  const { catalogue } = live.state;
  const title = `Extend ${reservation.name}`;
  const limit = extensionLimitText(reservation, catalogue, now());
  const choices = extendChoices(reservation, catalogue, now());
  const picked = await window.showQuickPick(
    [
      ...choices,
      { label: OTHER_LENGTH, description: "for example, 90m or 1h30m", seconds: undefined },
    ],
    { title, placeHolder: limit },
  );
  if (picked === undefined) throw new Dismissed();
  if (picked.seconds !== undefined) return picked.seconds;
  const text = await window.showInputBox({
    title,
    prompt: `Enter how long to extend it. ${limit}`,
    placeHolder: "1h30m",
    validateInput: (typed) => {
      const parsed = parseExtension(typed, reservation, catalogue);
      return typeof parsed === "string" ? parsed : undefined;
    },
  });
  const seconds = text === undefined ? undefined : parseExtension(text, reservation, catalogue);
  if (typeof seconds !== "number") throw new Dismissed();
  return seconds;
}

/**
 * Every retry uses the same idempotency key, so an extension whose response was lost counts once.
 */
async function extend(
  { account, live, log }: ReservationCommandsOptions,
  { id, name }: Reservation,
  seconds: number,
): Promise<Reservation> {
  const client = signedInClient(account);
  const idempotencyKey = crypto.randomUUID();
  const params = { reservationId: id };
  try {
    const extended = await sendWithRetry(
      `Extending ${name}`,
      (signal) =>
        client.call("extendReservation", { params, body: { seconds }, idempotencyKey, signal }),
      { cancellable: true },
    );
    live.put(extended);
    return extended;
  } catch (error) {
    // The user cancelled, but the server may have extended the reservation: show its current state.
    if (error instanceof Dismissed) {
      await client
        .call("getReservation", { params })
        .then((current) => {
          live.put(current);
        })
        .catch((failure: unknown) => {
          log.warn(`Could not check whether ${name} was extended: ${failureText(failure)}`);
        });
    }
    throw error;
  }
}

/**
 * The current reservation, so that the user can choose again. Rethrows an error that is not about
 * the length.
 */
async function afterRefusal(
  { account, live }: ReservationCommandsOptions,
  { id }: Reservation,
  error: unknown,
): Promise<Reservation> {
  if (!(error instanceof ApiError) || error.code !== "extension_refused") throw error;
  const params = { reservationId: id };
  const current = await signedInClient(account).call("getReservation", { params });
  live.put(current);
  const chosen = await window.showWarningMessage(failureText(error), "Choose Another Length");
  if (chosen === undefined) throw new Dismissed();
  return current;
}
