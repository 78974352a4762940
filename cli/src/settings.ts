import { z } from "zod";
import {
  credential,
  DEFAULT_SERVER,
  serverOrigin as originOf,
} from "@gpu-dev/client/signIn/credential.ts";
import { CliError } from "./exitCodes.ts";

export const settingsSchema = z.object({
  server: z.string().optional(),
  /** A private key to use instead of our own pair. */
  identity: z.string().optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Keyed by the server's origin. */
export const credentialsSchema = z.record(z.string(), credential);

/** The origin of a server's address; says what is wrong with any other text. */
export function serverOrigin(text: string): string {
  const origin = originOf(text);
  if (origin !== null) return origin;
  throw new CliError("usage", `"${text}" is no server address. Give one like ${DEFAULT_SERVER}.`);
}
