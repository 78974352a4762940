import type { Next } from "koa";
import { Refusal } from "../domain/refusal.ts";
import type { Context } from "./requestState.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Keeps web pages away from a server on loopback or in a private network: a page that rebinds its name to 127.0.0.1 still sends its own
 * Host, and a page that calls us sends its Origin. No client of ours sends one.
 * @param port the port that we listen on, known only once we do
 * @param publicHosts names by which clients reach us beside loopback's, with their port where it is not the default
 */
export function checkHost(port: () => number, publicHosts: readonly string[]) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const loopback = LOOPBACK.map((name) => `${name}:${String(port())}`);
    const allowed = [...publicHosts, ...loopback];
    if (!allowed.includes(ctx.headers.host?.toLowerCase() ?? "")) {
      throw new Refusal(
        "origin_refused",
        `The Host header is none of this server's names. Use one of ${allowed.join(", ")}.`,
      );
    }
    if (ctx.headers.origin !== undefined) {
      throw new Refusal(
        "origin_refused",
        "Requests from web pages are refused. Use the command line, the editor or another HTTP client.",
      );
    }
    await next();
  };
}
