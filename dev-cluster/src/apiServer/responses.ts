import type { ServerResponse } from "node:http";
import { StatusError } from "../kube/statusError.ts";

export function sendText(
  response: ServerResponse,
  code: number,
  text: string,
  contentType: string,
): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(text);
  response.writeHead(code, {
    "content-type": contentType,
    "content-length": body.length,
    "cache-control": "no-cache, private",
  });
  response.end(body);
}

export function sendJson(response: ServerResponse, code: number, body: object): void {
  sendText(response, code, JSON.stringify(body), "application/json");
}

/**
 * Sends the error as a Status; any other error than a StatusError is a defect, and only its message
 * is sent.
 */
export function sendError(response: ServerResponse, error: unknown): void {
  const status =
    error instanceof StatusError
      ? error
      : new StatusError(
          500,
          "InternalError",
          `Internal error occurred: ${(error as Error).message}`,
        );
  const { retryAfterSeconds } = status.details;
  if (retryAfterSeconds !== undefined && !response.headersSent) {
    response.setHeader("retry-after", String(retryAfterSeconds));
  }
  sendJson(response, status.code, status.toStatus());
}
