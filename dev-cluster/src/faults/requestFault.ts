import { z } from "zod";

const match = z.strictObject({
  method: z.string().optional(),
  /** get, list, watch, create, update, patch, delete, deletecollection */
  verb: z.string().optional(),
  /** Plural, such as `pods`. */
  resource: z.string().optional(),
  /** Such as `status` or `binding`. */
  subresource: z.string().optional(),
  namespace: z.string().optional(),
  name: z.string().optional(),
});

const effect = z.union([
  /** The request is answered so and does nothing. */
  z.strictObject({
    status: z.number().int().min(400).max(599),
    message: z.string().optional(),
    reason: z.string().optional(),
    retryAfterSeconds: z.number().int().min(0).optional(),
  }),
  /** The request is done, later. */
  z.strictObject({ latencyMs: z.number().min(0) }),
  /** The request is never answered, and does nothing. */
  z.strictObject({ hang: z.literal(true) }),
  /** The connection is reset, and the request does nothing. */
  z.strictObject({ reset: z.literal(true) }),
  /** The request is done, and the connection reset before the answer. */
  z.strictObject({ resetAfter: z.literal(true) }),
  /** 410, also to the watches that are open now. */
  z.strictObject({ gone: z.literal(true) }),
  /** The watches open now are cut, once. */
  z.strictObject({ dropWatches: z.literal(true) }),
  /** Watches, those open now too, stay open and say nothing until this is cleared, when they are cut. */
  z.strictObject({ silenceWatches: z.literal(true) }),
]);

export const requestFaultSchema = z.strictObject({
  id: z.string().min(1).optional(),
  match: match.default({}),
  effect,
  /** Ends by itself after as many requests; absent means it stays. */
  count: z.number().int().positive().optional(),
  /** Of each matching request, 0 to 1. */
  probability: z.number().min(0).max(1).optional(),
});

export type RequestMatch = z.output<typeof match>;
export type RequestEffect = z.output<typeof effect>;
export type RequestFault = z.output<typeof requestFaultSchema> & { id: string };

/** What a fault is matched against. */
export interface RequestFacts {
  method: string;
  verb: string;
  resource: string;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
}

export function matchesFault(rule: RequestMatch, facts: RequestFacts): boolean {
  return (
    (rule.method === undefined || rule.method.toUpperCase() === facts.method) &&
    (["verb", "resource", "subresource", "namespace", "name"] as const).every(
      (key) => rule[key] === undefined || rule[key] === facts[key],
    )
  );
}
