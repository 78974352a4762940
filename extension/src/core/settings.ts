import { workspace } from "vscode";
import { DEFAULT_SERVER, serverOrigin } from "@gpu-dev/client/signIn/credential.ts";

export interface Settings {
  /** The server's origin; the default where the setting is no address. */
  readonly server: string;
  /** What the setting holds where it is no address of a server; null where it is one. */
  readonly badServer: string | null;
  /** A private key of the user's own; null: our own pair. */
  readonly identityFile: string | null;
  readonly openIn: "currentWindow" | "newWindow";
  readonly notifications: "all" | "warnings" | "none";
}

export function readSettings(): Settings {
  const from = workspace.getConfiguration("gpuDev");
  const server = from.get<string>("server", DEFAULT_SERVER).trim() || DEFAULT_SERVER;
  const origin = serverOrigin(server);
  return {
    server: origin ?? DEFAULT_SERVER,
    badServer: origin === null ? server : null,
    identityFile: from.get<string>("identityFile", "").trim() || null,
    openIn: from.get<Settings["openIn"]>("connect.openIn", "newWindow"),
    notifications: from.get<Settings["notifications"]>("notifications", "all"),
  };
}
