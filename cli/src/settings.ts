import { z } from "zod";
import { ROLES } from "@gpu-dev/shared/api/resources.ts";
import { CliError } from "./exitCodes.ts";

export const DEFAULT_SERVER = "http://127.0.0.1:8710";

export const settingsSchema = z.object({
  server: z.string().optional(),
  /** A private key to use instead of our own pair. */
  identity: z.string().optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

const credential = z.object({
  token: z.string(),
  expiresAt: z.string(),
  user: z.string(),
  role: z.enum(ROLES),
  /** What the server calls itself: "127.0.0.1:8710". */
  server: z.string(),
  /** Null: our own pair. */
  identity: z.string().nullable(),
});
export type Credential = z.infer<typeof credential>;

/** Keyed by the server's origin. */
export const credentialsSchema = z.record(z.string(), credential);

/** The origin of a server's address; says what is wrong with any other text. */
export function serverOrigin(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.host === "") {
    throw new CliError("usage", `"${text}" is no server address. Give one like ${DEFAULT_SERVER}.`);
  }
  return url.origin;
}
