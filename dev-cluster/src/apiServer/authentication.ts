import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { forbidden, unauthorized } from "../kube/statusError.ts";

const LOCAL_HOSTS = new Set(["127.0.0.1", "localhost"]);

/**
 * Refuses what a page in somebody's browser could send to this machine: a foreign Host (a rebound DNS name), or any Origin,
 * which only browsers send.
 */
export function refuseBrowsers(request: IncomingMessage): void {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (!LOCAL_HOSTS.has(host)) throw forbidden(`this server does not answer to the host "${host}"`);
  if (request.headers.origin !== undefined) {
    throw forbidden("this server takes no requests of browsers");
  }
}

/** Throws 401 unless the request carries the token. */
export function authenticate(request: IncomingMessage, token: string): void {
  const [scheme, sent] = (request.headers.authorization ?? "").split(" ");
  // Hashed, so that both are of one length and comparing takes one time.
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const same = timingSafeEqual(hash(sent ?? ""), hash(token));
  if (scheme?.toLowerCase() !== "bearer" || !same) throw unauthorized();
}
