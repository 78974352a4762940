import type { IncomingMessage } from "node:http";
import { badRequest, tooLarge } from "../kube/statusError.ts";

const MAX_BYTES = 3 * 1024 * 1024;
const MAX_DEPTH = 100;

/** The JSON body; undefined if the body is empty. Throws 400 and 413. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw tooLarge(MAX_BYTES);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw badRequest("the body of the request is not UTF-8");
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw badRequest(`the body of the request is not JSON: ${(error as Error).message}`);
  }
  refuseHostile(body, 0);
  return body;
}

/** The media type without its parameters, in lower case. */
export function contentTypeOf(request: IncomingMessage): string {
  const header = request.headers["content-type"] ?? "application/json";
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}

/** Refuses `__proto__`, which would change the prototype when a merge copies keys into objects. */
function refuseHostile(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw badRequest("the body of the request is nested too deeply");
  if (Object.hasOwn(value, "__proto__"))
    throw badRequest('the field name "__proto__" is not allowed');
  for (const child of Object.values(value)) refuseHostile(child, depth + 1);
}
