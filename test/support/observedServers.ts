import { subscribe } from "node:diagnostics_channel";
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findViolations } from "./openApi.ts";

// Compares every response of the control planes in this process with openapi.json, whichever
// client sent the request. Importing this file starts it.

const violations: string[] = [];
/** Ports of servers all of whose responses are checked, with or without a request id. */
const ports = new Set<number>();
/** Where a child process of the tests reports, see `observerEnvironment`. */
const reportFile = process.env["GPU_DEV_TEST_VIOLATIONS"];
const childrenFile = join(tmpdir(), `gpu-dev-violations-${String(process.pid)}`);

subscribe("http.server.request.start", (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
  observe(request, response);
});

/** Checks every response of this server, from now until the returned function is called. */
export function observeServer(url: string): () => void {
  const port = Number(new URL(url).port);
  ports.add(port);
  return () => ports.delete(port);
}

/**
 * Makes the control planes among a child process and its children observe themselves and report to
 * this process.
 */
export function observerEnvironment(): NodeJS.ProcessEnv {
  // Node splits the variable at spaces and removes double quotes.
  const script = `/control-plane.src.main.ts$/.test(process.argv[1])&&await(import('${import.meta.url}'))`;
  return {
    NODE_OPTIONS: `--import=data:text/javascript,${script}`,
    GPU_DEV_TEST_VIOLATIONS: childrenFile,
  };
}

/** Returns the differences that were found since the last call, here and in child processes. */
export function takeViolations(): string[] {
  const found = violations.splice(0);
  if (!existsSync(childrenFile)) return found;
  found.push(readFileSync(childrenFile, "utf8"));
  rmSync(childrenFile);
  return found;
}

function observe(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  const write = response.write.bind(response) as (...args: unknown[]) => boolean;
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  const collect = (chunk: unknown, encoding: unknown): void => {
    if (Buffer.isBuffer(chunk)) chunks.push(Buffer.from(chunk));
    else if (typeof chunk === "string") {
      chunks.push(Buffer.from(chunk, typeof encoding === "string" ? (encoding as "utf8") : "utf8"));
    }
  };
  const { localPort = 0 } = request.socket;
  response.write = (...args: unknown[]) => {
    collect(args[0], args[1]);
    return write(...args);
  };
  response.end = (...args: unknown[]) => {
    collect(args[0], args[1]);
    return end(...args);
  };
  response.once("close", () => {
    if (!response.headersSent) return;
    if (!ports.has(localPort) && !response.hasHeader("x-request-id")) return;
    report(
      findViolations({
        method: request.method ?? "",
        target: request.url ?? "",
        status: response.statusCode,
        header: (name) => response.getHeader(name)?.toString(),
        // A stream has no end: what was sent of it is checked.
        body: response.writableFinished || isStream(response) ? textOf(chunks) : undefined,
      }),
    );
  });
}

function isStream(response: ServerResponse): boolean {
  return response.getHeader("content-type") === "text/event-stream";
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString();
}

function report(found: readonly string[]): void {
  violations.push(...found);
  if (reportFile !== undefined && found.length > 0) {
    appendFileSync(reportFile, `${found.join("\n")}\n`);
  }
}
