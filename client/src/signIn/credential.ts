import * as z from "zod";
import { ROLES } from "@gpu-dev/shared/api/resources.ts";
import { nullInFile } from "../absence.ts";

/**
 * The data that a client stores after a sign-in. The token is a secret: it never appears in a log
 * or a report.
 */
export const credential = z.object({
  token: z.string(),
  expiresAt: z.string(),
  user: z.string(),
  /**
   * The name that the sign-in claimed. It differs from `user` if that name was taken or has
   * changed.
   */
  subject: z.string().optional(),
  role: z.enum(ROLES),
  /** The server's own name: "127.0.0.1:8710". */
  server: z.string(),
  /** A private key file; undefined for our own pair. */
  identity: nullInFile(z.string()),
});
export type Credential = z.infer<typeof credential>;
