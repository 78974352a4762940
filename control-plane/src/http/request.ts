import type { IncomingMessage } from "node:http";
import type { ParameterizedContext } from "koa";
import type { z } from "zod";
import { idempotencyKey, type RouteId } from "@gpu-dev/shared/api/routes.ts";
import type { Principal } from "../domain/principal.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Log } from "../platform/logger.ts";

const MAX_BODY_BYTES = 256 * 1_024;
const MAX_BODY_DEPTH = 32;
const MAX_LISTED_ERRORS = 50;
/** Field names that reach an object's prototype if a body is copied carelessly. */
const FORBIDDEN_FIELDS = ["__proto__", "constructor", "prototype"];

/** What middleware knows about a request. */
export interface RequestState {
  requestId: string;
  log: Log;
  routeId?: RouteId;
  principal?: Principal;
  /** Also known if the token was refused. */
  userId?: Principal["userId"];
  target?: string | undefined;
}

export type Context = ParameterizedContext<RequestState>;

export const addressOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? "";

/** Whether the client closed the connection before it had the whole response. */
export const hasClientLeft = ({ req, res }: Context): boolean =>
  !res.writableFinished &&
  ((req.destroyed && !req.complete) || res.destroyed || req.socket.destroyed);

/**
 * Reads a JSON body strictly. @koa/bodyparser replaces invalid UTF-8 silently, but the server must
 * store what was sent.
 * @throws Refusal body_too_large, unsupported_media_type, invalid_request
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Refusal(
      "unsupported_media_type",
      "Send the body as JSON with the header Content-Type: application/json.",
    );
  }
  if (request.headers["content-encoding"] !== undefined) {
    throw new Refusal("unsupported_media_type", "Send the body without Content-Encoding.");
  }
  const value = parseJson(decodeUtf8(await readBytes(request)));
  checkValue(value, 0);
  return value;
}

/** @throws Refusal invalid_request that lists every refused field */
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
  throw new Refusal("invalid_request", `The request is not valid. ${list}.`, {
    errors: errors.slice(0, MAX_LISTED_ERRORS),
  });
}

/** A malformed id gets the same response as an id that does not exist. @throws Refusal not_found */
export function validateParams(schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? "not an id";
  throw new Refusal("not_found", `Nothing has the id in this path: ${message}.`);
}

/** @throws Refusal invalid_request if the header is present but not a valid key */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const parsed = idempotencyKey.safeParse(header);
  if (parsed.success) return parsed.data;
  throw new Refusal(
    "invalid_request",
    "An Idempotency-Key is 1 to 255 visible ASCII characters, such as a random UUID.",
    { errors: [{ path: "header.Idempotency-Key", message: "1 to 255 visible ASCII characters" }] },
  );
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): Refusal {
  return new Refusal(
    "body_too_large",
    `The body is larger than the limit of ${String(MAX_BODY_BYTES / 1_024)} KiB.`,
    // The rest of the body is not read, so the connection cannot be reused.
    { headers: { connection: "close" } },
  );
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid("The body is not valid UTF-8. Encode it as UTF-8.", cause);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw invalid("The body is not valid JSON. Check it for a missing bracket or quote.", cause);
  }
}

function checkValue(value: unknown, depth: number): void {
  if (depth > MAX_BODY_DEPTH) {
    throw invalid(`The body is nested deeper than the limit of ${String(MAX_BODY_DEPTH)} levels.`);
  }
  if (typeof value === "string") checkText(value);
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (FORBIDDEN_FIELDS.includes(key)) throw invalid(`The field name "${key}" is not allowed.`);
    checkText(key);
    checkValue(inner, depth + 1);
  }
}

function checkQuery(query: unknown): void {
  for (const value of Object.values(query ?? {}).flat()) {
    if (typeof value === "string") checkText(value);
  }
}

/** PostgreSQL stores neither NUL nor half a surrogate pair. */
function checkText(text: string): void {
  if (!text.includes("\0") && text.isWellFormed()) return;
  throw invalid("A text in the request contains a NUL character or invalid Unicode. Remove it.");
}

function invalid(detail: string, cause?: unknown): Refusal {
  return new Refusal("invalid_request", detail, { cause });
}
