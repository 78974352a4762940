import type { LogOutputChannel } from "vscode";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Account } from "../account/account.ts";
import type { Live } from "../live/live.ts";

/** The collaborators of every command that acts on an existing reservation. */
export interface ReservationCommandsOptions {
  readonly account: Account;
  readonly live: Live;
  readonly now: () => Date;
  readonly log: Pick<LogOutputChannel, "warn">;
  /** Reads a file of the extension, by its path in the package. */
  readonly readAsset: (path: string) => Promise<string>;
  /** Undefined while the reservation is not ready or has no SSH host on this machine. */
  readonly connectionOf: (reservation: Reservation) => Promise<Connection | undefined>;
}

/** How to connect to a reservation from this machine. */
export interface Connection {
  readonly host: string;
  /** "ssh gpu-dev-demo". */
  readonly command: string;
  readonly workspacePath: string;
}
