import assert from "node:assert/strict";
import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { ApiError, ConnectionError, UnexpectedResponse } from "@gpu-dev/client/http/apiErrors.ts";
import type { StreamItem } from "@gpu-dev/client/http/eventStream.ts";
import {
  type Handler,
  json,
  problem,
  type ScriptedServer,
  startScriptedServer,
} from "../../support/scriptedServer.ts";

const ME = {
  id: "0000000000000001",
  name: "ada",
  role: "user",
  tokenExpiresAt: "2026-11-24T12:00:00.000Z",
};
const EVENT = {
  type: "reservation.ready",
  at: "2026-11-23T12:00:00.000Z",
  reservationId: null,
  reservationName: null,
  message: "Ready.",
  data: {},
};

describe("the API client", () => {
  let server: ScriptedServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  const start = async (handlers: Record<string, Handler>) => {
    server = await startScriptedServer(handlers);
    return server;
  };
  const client = (more: object = {}) =>
    createApiClient({ baseUrl: server?.url ?? "", random: () => 0, ...more });

  it("N8: a read is retried on 502 and 503, and honours Retry-After", async () => {
    let calls = 0;
    await start({
      "GET /v1/me": (_request, response) => {
        calls += 1;
        if (calls === 1) response.writeHead(502).end("<html>");
        else if (calls === 2) response.writeHead(503, { "retry-after": "0" }).end();
        else json(response, 200, { ...ME, unknownToUs: 1 });
      },
    });
    assert.deepEqual(await client().call("getMe"), ME);
    assert.equal(calls, 3);
  });

  it("N7: concurrent calls with a refused token share one renewal", async () => {
    let token = "old";
    let renewals = 0;
    await start({
      "GET /v1/me": (request, response) => {
        if (request.headers.authorization === "Bearer new") json(response, 200, ME);
        else json(response, 401, problem(401, "unauthenticated"));
      },
    });
    const renew = async () => {
      renewals += 1;
      await new Promise(setImmediate);
      token = "new";
      return true;
    };
    const api = client({ token: () => token, renew });
    const all = await Promise.all(Array.from({ length: 8 }, () => api.call("getMe")));
    assert.deepEqual(all, Array(8).fill(ME));
    assert.equal(renewals, 1);
  });

  it("R15: a creating write is retried with the same key; a plain write is not retried", async () => {
    const keys: unknown[] = [];
    await start({
      "POST /v1/reservations": (request, response) => {
        keys.push(request.headers["idempotency-key"]);
        json(response, 503, problem(503, "database_unavailable"));
      },
      "POST /v1/keys": (_request, response) => {
        json(response, 503, problem(503, "database_unavailable"));
      },
    });
    const body = { gpuType: "h100", gpus: 1, durationSeconds: 3_600 };
    await assert.rejects(client().call("createReservation", { body }), ApiError);
    assert.equal(keys.length, 3);
    assert.deepEqual([new Set(keys).size, typeof keys[0]], [1, "string"]);
    await assert.rejects(
      client().call("addKey", { body: { publicKey: "k".repeat(20) } }),
      ApiError,
    );
    assert.equal(server?.requests.filter((request) => request === "POST /v1/keys").length, 1);
  });

  it("N7: a refused token is renewed once, and the request is repeated", async () => {
    let token = "old";
    await start({
      "GET /v1/me": (request, response) => {
        if (request.headers.authorization === "Bearer new") json(response, 200, ME);
        else json(response, 401, problem(401, "unauthenticated"));
      },
    });
    const renew = () => {
      token = "new";
      return Promise.resolve(true);
    };
    assert.equal((await client({ token: () => token, renew }).call("getMe")).name, "ada");
    const useless = () => Promise.resolve(true);
    await assert.rejects(client({ token: () => "old", renew: useless }).call("getMe"), ApiError);
    assert.equal(server?.requests.length, 4);
  });

  it("R14: a response of another shape is refused with its path; an unknown error code is kept", async () => {
    await start({
      "GET /v1/me": (_request, response) => {
        json(response, 200, { ...ME, name: 7 });
      },
      "GET /v1/status": (_request, response) => {
        json(response, 409, problem(409, "from_the_future"));
      },
    });
    await assert.rejects(client().call("getMe"), (error) => {
      assert.ok(error instanceof UnexpectedResponse);
      return error.message.includes("name");
    });
    await assert.rejects(client().call("getStatus"), { code: "from_the_future" });
  });

  it("N8: the error of an unreachable or slow server names the address", async () => {
    await start({ "GET /v1/me": () => undefined });
    await assert.rejects(client({ timeoutMs: 50 }).call("getMe"), (error) => {
      assert.ok(error instanceof ConnectionError);
      return error.message.includes("took longer");
    });
    const url = server?.url ?? "";
    await server?.close();
    server = undefined;
    const nobody = createApiClient({ baseUrl: url, random: () => 0 });
    await assert.rejects(nobody.call("getMe"), (error) => {
      assert.ok(error instanceof ConnectionError);
      return error.message.includes(`${url}: no program listens there`);
    });
  });

  it("N11: events resume after the last one, after a cut and after silence, and report a resync", async () => {
    const cursors: unknown[] = [];
    await start({
      "GET /v1/events": (request, response) => {
        cursors.push(request.headers["last-event-id"]);
        response.writeHead(200, { "content-type": "text/event-stream" });
        if (cursors.length === 1) {
          response.write(`id: 7\ndata: ${JSON.stringify({ id: "7", ...EVENT })}\n\n`, () =>
            response.destroy(),
          );
        } else if (cursors.length === 2) response.write(": hello\n\n");
        else response.write("event: resync\ndata: {}\n\n");
      },
    });
    const stop = new AbortController();
    const kinds: StreamItem["kind"][] = [];
    for await (const item of client().events({ signal: stop.signal, silenceMs: 100 })) {
      kinds.push(item.kind);
      if (item.kind === "resync") stop.abort();
    }
    assert.deepEqual(kinds, ["open", "event", "lost", "open", "lost", "open", "resync"]);
    assert.deepEqual(cursors, [undefined, "7", "7"]);
  });

  it("R14: reads hints, and skips topics and event names of a newer server without losing its cursor", async () => {
    const cursors: unknown[] = [];
    await start({
      "GET /v1/events": (request, response) => {
        cursors.push(request.headers["last-event-id"]);
        response.writeHead(200, { "content-type": "text/event-stream" });
        const sent = [
          ["changed", { what: ["weather", "waiting"] }],
          ["changed", { what: ["weather"] }],
          ["changed", { what: "availability" }],
          ["from-the-future", { what: ["availability"] }],
          ["changed", { what: ["availability"], why: "more" }],
        ] as const;
        response.write(`id: 7\ndata: ${JSON.stringify({ id: "7", ...EVENT })}\n\n`);
        for (const [name, data] of sent) {
          response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
        }
        response.end("event: from-the-future\ndata: no json\n\n");
      },
    });
    const stop = new AbortController();
    const received: unknown[] = [];
    for await (const item of client().events({ signal: stop.signal })) {
      if (item.kind === "changed") received.push(item.topics);
      else received.push(item.kind);
      if (cursors.length === 2) stop.abort();
    }
    assert.deepEqual(received.slice(0, 5), [
      "open",
      "event",
      ["waiting"],
      ["availability"],
      "lost",
    ]);
    assert.deepEqual(cursors, [undefined, "7"]);
  });
});
