import * as z from "zod";
import { reservationId } from "@gpu-dev/shared/ids.ts";
import { reservationName, userName } from "@gpu-dev/shared/names.ts";
import { END_REASONS } from "@gpu-dev/shared/states.ts";
import { timestamp } from "@gpu-dev/shared/api/reservation.ts";

/**
 * What we know of the hosts of one deployment, kept as JSON beside the file that ssh reads. Everything comes from
 * validated answers, and is validated again when it is read back.
 */
const liveHost = z.object({
  id: reservationId,
  name: reservationName,
  owner: userName,
  own: z.boolean(),
  /** Of the reservation when the address was read: a higher one is newer, whoever writes it. */
  generation: z.int(),
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  user: z.string().min(1).max(64),
  hostKeys: z.array(z.string()).min(1),
  workspacePath: z.string(),
});
export type LiveHost = z.infer<typeof liveHost>;

const tombstone = z.object({
  id: reservationId,
  name: reservationName,
  owner: userName,
  own: z.boolean(),
  endedAt: timestamp,
  endReason: z.enum(END_REASONS).nullable(),
  endDetail: z.string().nullable(),
  /** Wall-clock time of the client that wrote it. */
  removeAfter: timestamp,
});
export type Tombstone = z.infer<typeof tombstone>;

export const hostState = z.object({
  version: z.literal(1),
  /** What the host names begin with: "gpu-dev", longer where there are several deployments. */
  prefix: z.string().regex(/^gpu-dev(-[a-z0-9-]+)?$/),
  server: z.string(),
  /** Absolute path of the private key (or of a .pub file whose key the agent holds). */
  identityFile: z.string(),
  live: z.array(liveHost),
  tombstones: z.array(tombstone),
});
export type HostState = z.infer<typeof hostState>;
