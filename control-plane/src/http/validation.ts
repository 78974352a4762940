import type { z } from "zod";
import { Refusal } from "../domain/refusal.ts";
import { checkText } from "./requestBody.ts";

/** @throws Refusal invalid_request that lists every field that was refused */
export function validate(
  where: "query" | "body",
  schema: z.ZodType | undefined,
  value: unknown,
): unknown {
  if (!schema) return undefined;
  if (where === "query") checkQuery(value);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    path: [where, ...issue.path.map(String)].join("."),
    message: issue.message,
  }));
  const list = errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new Refusal("invalid_request", `The request was refused. ${list}.`, {
    errors: errors.slice(0, 50),
  });
}

/** What is no id cannot be the id of anything: the same answer as for an id that nothing has. */
export function validateParams(schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? "not an id";
  throw new Refusal("not_found", `Nothing has the id in this path: ${message}.`);
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** @throws Refusal invalid_request when the header is there and no key */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || KEY.test(header)) return header;
  throw new Refusal(
    "invalid_request",
    "An Idempotency-Key is 1 to 255 visible ASCII characters; a random UUID serves well.",
    { errors: [{ path: "header.Idempotency-Key", message: "1 to 255 visible ASCII characters" }] },
  );
}

function checkQuery(query: unknown): void {
  for (const value of Object.values(query ?? {}).flat()) {
    if (typeof value === "string") checkText(value);
  }
}
