import * as z from "zod";
import { reservationId } from "@gpu-dev/shared/ids.ts";
import { reservationName, userName } from "@gpu-dev/shared/api/names.ts";
import { nullInFile } from "../absence.ts";
import { timestamp } from "@gpu-dev/shared/api/reservation.ts";

/**
 * The known hosts of one deployment, stored as JSON next to the file that ssh reads. Every value
 * comes from a validated response, and is validated again when it is read back.
 */
const liveHost = z.object({
  id: reservationId,
  name: reservationName,
  owner: userName,
  own: z.boolean(),
  /**
   * The reservation's generation when the address was read. The higher one is newer, whichever
   * client wrote it.
   */
  generation: z.int(),
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  user: z.string().min(1).max(64),
  hostKeys: z.array(z.string()).min(1),
  workspacePath: z.string(),
  /** The end of the lease when the host was written; another machine may have extended it since. */
  expiresAt: timestamp.optional(),
  /** The private key of the user who wrote it; hosts of earlier versions use the deployment's. */
  identityFile: z.string().optional(),
});
export type LiveHost = z.infer<typeof liveHost>;

const tombstone = z.object({
  id: reservationId,
  name: reservationName,
  owner: userName,
  own: z.boolean(),
  endedAt: timestamp,
  /** An open string: another version of the server may have other reasons. */
  endReason: nullInFile(z.string()),
  endDetail: nullInFile(z.string()),
  /** Wall-clock time of the client that wrote it. */
  removeAfter: timestamp,
});
export type Tombstone = z.infer<typeof tombstone>;

export const hostState = z.object({
  version: z.literal(1),
  /** The beginning of the host names: "gpu-dev", longer if there are several deployments. */
  prefix: z.string().regex(/^gpu-dev(-[a-z0-9-]+)?$/),
  server: z.string(),
  /** Absolute path of the private key (or of a .pub file whose key the agent holds). */
  identityFile: z.string(),
  live: z.array(liveHost),
  tombstones: z.array(tombstone),
});
export type HostState = z.infer<typeof hostState>;
