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
  /** The request receives this response and is not executed. */
  z.strictObject({
    status: z.number().int().min(400).max(599),
    message: z.string().optional(),
    reason: z.string().optional(),
    retryAfterSeconds: z.number().int().min(0).optional(),
  }),
  /** The request is executed after a delay. */
  z.strictObject({ latencyMs: z.number().min(0) }),
  /** The request receives no response and is not executed. */
  z.strictObject({ hang: z.literal(true) }),
  /** The connection is reset, and the request is not executed. */
  z.strictObject({ reset: z.literal(true) }),
  /** The request is executed, and the connection is reset before the response. */
  z.strictObject({ resetAfter: z.literal(true) }),
  /** Requests and open watches receive 410. */
  z.strictObject({ gone: z.literal(true) }),
  /** Open watches are cut, once. */
  z.strictObject({ dropWatches: z.literal(true) }),
  /** Open and new watches stay open without events; they are cut when the fault is cleared. */
  z.strictObject({ silenceWatches: z.literal(true) }),
]);

export const requestFaultSchema = z.strictObject({
  id: z.string().min(1).optional(),
  match: match.default({}),
  effect,
  /** Ends the fault after this many requests; absent for a permanent fault. */
  count: z.number().int().positive().optional(),
  /** The probability for each matching request, 0 to 1. */
  probability: z.number().min(0).max(1).optional(),
});

export type RequestMatch = z.output<typeof match>;
export type RequestEffect = z.output<typeof effect>;
export type RequestFault = z.output<typeof requestFaultSchema> & { id: string };

/** The properties of a request that a fault is matched against. */
export interface RequestFacts {
  readonly method: string;
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

export function matchesFault(rule: RequestMatch, facts: RequestFacts): boolean {
  return (
    (rule.method === undefined || rule.method.toUpperCase() === facts.method) &&
    (["verb", "resource", "subresource", "namespace", "name"] as const).every(
      (key) => rule[key] === undefined || rule[key] === facts[key],
    )
  );
}
