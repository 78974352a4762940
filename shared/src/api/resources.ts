import * as z from "zod";
import { diskId, keyId, reservationId, tokenId, userId } from "../ids.ts";
import { diskName, reservationName, userName } from "./names.ts";
import { gpuTypeId } from "./catalogue.ts";
import { timestamp } from "./reservation.ts";

/** A proof of developmentProof.ts as it is sent: 32 bytes in base64url. */
const PROOF_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export const ROLES = ["user", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export const me = z
  .object({ id: userId, name: userName, role: z.enum(ROLES), tokenExpiresAt: timestamp })
  .meta({ id: "Me" });

/** One way to sign in. Clients pick one by its kind. */
export const signInMethod = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("development"),
    secretFile: z.string().meta({
      description: "A file that only the user who started the server can read",
    }),
    defaultUser: userName,
  }),
]);

/** Served without sign-in, so that a client needs no configuration. */
export const signInMethods = z
  .object({
    server: z.string().meta({ description: "The name that a sign-in must be bound to" }),
    version: z.string(),
    methods: z.array(signInMethod),
  })
  .meta({ id: "SignInMethods" });

const ROLE_IN_REQUEST =
  "a sign-in cannot choose its role; the server assigns roles (GPU_DEV_DEVELOPMENT_ROLES)";

/** Development sign-in: a proof made with a secret that is never sent (developmentProof.ts). */
const developmentToken = z.strictObject(
  {
    kind: z.literal("development"),
    server: z.string().max(255),
    user: userName,
    issuedAt: timestamp,
    proof: z.string().regex(PROOF_PATTERN, "a proof is 43 characters of base64url"),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys" && issue.keys.includes("role")
        ? ROLE_IN_REQUEST
        : undefined,
  },
);

/** The body of a sign-in, one variant per method. No variant has a role. */
export const createToken = z
  .discriminatedUnion("kind", [developmentToken], {
    error:
      "must have a known sign-in method as kind (known: development); GET /v1/sign-in lists those that this server offers",
  })
  .meta({ id: "CreateToken" });

export const token = z
  .object({ id: tokenId, token: z.string(), expiresAt: timestamp, user: me })
  .meta({ id: "Token" });

export const sshKey = z
  .object({
    id: keyId,
    publicKey: z.string(),
    fingerprint: z.string().meta({ description: "SHA256:..., as ssh-keygen -l prints it" }),
    comment: z.string(),
    createdAt: timestamp,
  })
  .meta({ id: "SshKey" });

export const addKey = z
  .strictObject({ publicKey: z.string().min(16).max(16_384) })
  .meta({ id: "AddKey" });

export const disk = z
  .object({
    id: diskId,
    name: diskName,
    sizeGib: z.int(),
    zone: z.string().nullable().meta({ description: "None before the first attach" }),
    heldBy: z
      .object({ reservationId, name: reservationName, until: timestamp.nullable() })
      .nullable(),
    createdAt: timestamp,
    lastUsedAt: timestamp.nullable(),
  })
  .meta({ id: "Disk" });
export type Disk = z.infer<typeof disk>;

export const availability = z
  .object({
    asOf: timestamp.nullable().meta({ description: "When the cluster was last seen" }),
    types: z.array(
      z.object({
        type: gpuTypeId,
        title: z.string(),
        totalGpus: z.int(),
        healthyGpus: z.int(),
        freeGpus: z.int(),
        queued: z.int(),
        sizes: z
          .array(
            z.object({
              gpus: z.int().meta({ description: "0 for CPU types" }),
              units: z.int().min(1).meta({
                description:
                  "The part of a node's `free` that it takes: its GPUs, or 1 slot of a CPU type",
              }),
              starts: z.enum(["now", "queued"]),
              ahead: z
                .int()
                .min(0)
                .meta({ description: "Requests that are served first; 0 when it starts now" }),
              why: z.string().nullable().meta({
                description: "Why it would be queued, in full sentences; null when it starts now",
              }),
            }),
          )
          .meta({ description: "The planner's quote for a request of each size made now" }),
        nodes: z.array(
          z.object({
            name: z.string(),
            zone: z.string(),
            state: z.enum(["ready", "cordoned", "not-ready"]),
            gpus: z.int().meta({ description: "GPUs; slots for CPU types" }),
            free: z.int(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: "Availability" });
export type Availability = z.infer<typeof availability>;

export const auditEntry = z
  .object({
    id: z.string(),
    at: timestamp,
    user: userName.nullable(),
    action: z.string(),
    target: z.string().nullable(),
    outcome: z.enum(["allowed", "refused"]),
    requestId: z.string(),
  })
  .meta({ id: "AuditEntry" });

export const logs = z
  .object({
    podName: z.string().nullable(),
    lines: z.array(z.string()),
    truncated: z.boolean(),
  })
  .meta({ id: "Logs" });

/** The control plane and its parts, for `gpu-dev status`. */
export const status = z
  .object({
    version: z.string(),
    installation: z.string(),
    now: timestamp,
    database: z.enum(["up", "down"]),
    cluster: z.object({ state: z.enum(["up", "stale", "unknown"]), asOf: timestamp.nullable() }),
    reservations: z.object({
      queued: z.int(),
      starting: z.int(),
      ready: z.int(),
      stopping: z.int(),
    }),
  })
  .meta({ id: "Status" });
