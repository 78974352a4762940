import * as z from "zod";
import { ROLES } from "@gpu-dev/shared/api/resources.ts";

export const DEFAULT_SERVER = "http://127.0.0.1:8710";

/** What a client keeps of a sign-in. The token is a secret: never in a log, never in a report. */
export const credential = z.object({
  token: z.string(),
  expiresAt: z.string(),
  user: z.string(),
  /** What the sign-in claimed to be. Differs from `user` where that name was taken or has changed since. */
  subject: z.string().optional(),
  role: z.enum(ROLES),
  /** What the server calls itself: "127.0.0.1:8710". */
  server: z.string(),
  /** A private key file; null: our own pair. */
  identity: z.string().nullable(),
});
export type Credential = z.infer<typeof credential>;

/** A sign-in that was refused or not even tried. The message is a whole sentence for people. */
export class SignInError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "SignInError";
  }
}

/** The origin of a server's address, or null where the text is none. */
export function serverOrigin(text: string): string | null {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.host === "") return null;
  return url.origin;
}
