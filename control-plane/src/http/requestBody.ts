import type { IncomingMessage } from "node:http";
import { Refusal } from "../domain/refusal.ts";

const MAXIMUM_BYTES = 256 * 1_024;
const MAXIMUM_DEPTH = 32;
/** Keys that reach into an object's prototype where somebody copies them carelessly. */
const FORBIDDEN_KEYS = ["__proto__", "constructor", "prototype"];

/**
 * Reads a JSON body strictly. Not @koa/bodyparser: that one replaces bad UTF-8 in silence, and what we store must
 * be what was sent.
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
  const text = decodeUtf8(await readBytes(request));
  const value = parse(text);
  checkValue(value, 0);
  return value;
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > MAXIMUM_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAXIMUM_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): Refusal {
  return new Refusal(
    "body_too_large",
    `The body is larger than ${String(MAXIMUM_BYTES / 1_024)} KiB, which no request needs.`,
    // The rest of it is not read, so the connection cannot be used again.
    { headers: { connection: "close" } },
  );
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Refusal("invalid_request", "The body is not valid UTF-8. Encode it as UTF-8.", {
      cause,
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Refusal(
      "invalid_request",
      "The body is not valid JSON. Check it for a missing bracket or quote.",
      { cause },
    );
  }
}

function checkValue(value: unknown, depth: number): void {
  if (depth > MAXIMUM_DEPTH) {
    throw new Refusal(
      "invalid_request",
      `The body is nested deeper than ${String(MAXIMUM_DEPTH)} levels, which no request needs.`,
    );
  }
  if (typeof value === "string") checkText(value);
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.includes(key)) {
      throw new Refusal(
        "invalid_request",
        `The body has a field named "${key}", which none may be.`,
      );
    }
    checkText(key);
    checkValue(inner, depth + 1);
  }
}

/** PostgreSQL stores neither NUL nor half a surrogate pair. @throws Refusal invalid_request */
export function checkText(text: string): void {
  if (!text.includes("\0") && text.isWellFormed()) return;
  throw new Refusal(
    "invalid_request",
    "The request has a NUL character or broken Unicode in a text. Remove it.",
  );
}
