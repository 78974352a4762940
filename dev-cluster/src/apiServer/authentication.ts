import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { forbidden, unauthorized } from "../kube/statusError.ts";

const LOCAL_HOSTS = new Set(["127.0.0.1", "localhost"]);

/**
 * Refuses requests that a page in a browser could send to this machine: a foreign Host (DNS
 * rebinding), or any Origin, a header that only browsers send.
 */
export function refuseBrowsers(request: IncomingMessage): void {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (!LOCAL_HOSTS.has(host)) throw forbidden(`this server does not serve the host "${host}"`);
  if (request.headers.origin !== undefined) {
    throw forbidden("this server does not accept requests from browsers");
  }
}

/** Throws 401 unless the request carries the token. */
export function authenticate(request: IncomingMessage, token: string): void {
  const [scheme, sent] = (request.headers.authorization ?? "").split(" ");
  // Hashed, so that both have the same length and the comparison takes constant time.
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const same = timingSafeEqual(hash(sent ?? ""), hash(token));
  if (scheme?.toLowerCase() !== "bearer" || !same) throw unauthorized();
}
