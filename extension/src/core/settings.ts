import type { WorkspaceConfiguration } from "vscode";
import { DEFAULT_SERVER, serverOrigin } from "@gpu-dev/client/signIn/server.ts";

/** The environment of this process; no other file reads it. */
export const environmentVariables: Readonly<Record<string, string | undefined>> = process.env;

/**
 * All settings, as declared in package.json; a test compares the two lists. Settings that name a
 * server or a file have application scope, so that the settings of a workspace cannot change them.
 */
export const SETTING_KEYS = [
  "gpuDev.server",
  "gpuDev.identityFile",
  "gpuDev.connect.openIn",
  "gpuDev.notifications",
] as const;

export interface Settings {
  /** The origin of the server; the default if the setting is not a valid URL. */
  readonly server: string;
  /** The value of the setting if it is not a valid server URL, otherwise undefined. */
  readonly invalidServer: string | undefined;
  /** A private key that the user chose; undefined: the key pair that GPU Dev creates. */
  readonly identityFile: string | undefined;
  readonly openIn: "currentWindow" | "newWindow";
  readonly notifications: "all" | "warnings" | "none";
}

/** @param configuration the section "gpuDev" */
export function readSettings(configuration: Pick<WorkspaceConfiguration, "get">): Settings {
  const server = configuration.get<string>("server", DEFAULT_SERVER).trim() || DEFAULT_SERVER;
  const origin = serverOrigin(server);
  return {
    server: origin ?? DEFAULT_SERVER,
    invalidServer: origin === undefined ? server : undefined,
    identityFile: configuration.get<string>("identityFile", "").trim() || undefined,
    openIn: configuration.get<Settings["openIn"]>("connect.openIn", "newWindow"),
    notifications: configuration.get<Settings["notifications"]>("notifications", "all"),
  };
}
