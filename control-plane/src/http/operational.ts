import { readFile } from "node:fs/promises";
import Router from "@koa/router";
import { pingDatabase } from "../operations/readCapacity.ts";
import type { Database } from "../operations/unitOfWork.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Metrics } from "./metrics.ts";
import type { RequestState } from "./requestState.ts";

const OPENAPI_FILE = new URL("../../../openapi.json", import.meta.url);

/** What watches and describes the server. Outside the route table: no sign-in, and no part of the API's promises. */
export function createOperationalRouter(options: {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly isStopping: () => boolean;
}): Router<RequestState> {
  const router = new Router<RequestState>();
  router.get("/healthz", (ctx) => {
    ctx.body = { status: "ok" };
  });
  router.get("/readyz", async (ctx) => {
    if (options.isStopping()) {
      throw new Refusal("shutting_down", "The server is stopping. Try again in a few seconds.", {
        headers: { "retry-after": "2" },
      });
    }
    await pingDatabase(options.database);
    ctx.body = { status: "ready" };
  });
  router.get("/metrics", async (ctx) => {
    ctx.type = "text/plain; version=0.0.4; charset=utf-8";
    ctx.body = await options.metrics.render();
  });
  router.get("/openapi.json", async (ctx) => {
    // The committed file: a test holds it to the route table, so the generator need not be loaded here.
    ctx.type = "application/json";
    ctx.body = await readFile(OPENAPI_FILE, "utf8");
  });
  return router;
}
