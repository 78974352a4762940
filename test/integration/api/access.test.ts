import assert from "node:assert/strict";
import { routes, type Route, type RouteId } from "@gpu-dev/shared/api/routes.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import {
  jsonInit,
  REQUEST,
  send,
  startApi,
  type ApiUnderTest,
  type Caller,
} from "./apiUnderTest.ts";

const KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4Z4b3kq5p1c1mV1Y0jXkQ0q0n1o2s3t4u5v6w7x8y9 alice@laptop";

/** A body that its route takes, so that nothing but access decides. */
const BODIES: Partial<Record<RouteId, unknown>> = {
  createReservation: REQUEST,
  extendReservation: { seconds: 60 },
  addKey: { publicKey: KEY },
};

const all = Object.entries(routes) as [RouteId, Route][];
const closed = all.filter(([, route]) => route.access !== "public");

describe("access to every route", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  let mallory: Caller;
  let operator: Caller;
  let paths: Record<string, string>;

  before(async () => {
    api = await startApi();
    alice = await api.signIn("alice");
    mallory = await api.signIn("mallory");
    operator = await api.signIn("operator");
    const reservation = await alice.post("/v1/reservations", REQUEST);
    const key = await alice.post("/v1/keys", { publicKey: KEY });
    paths = { reservationId: String(reservation.body["id"]), keyId: String(key.body["id"]) };
  });
  after(() => api.stop());

  const pathOf = (route: Route): string =>
    route.path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) => paths[name] ?? "missing");
  const initOf = (id: RouteId, route: Route): RequestInit =>
    route.body ? jsonInit("POST", BODIES[id]) : {};
  const audited = async (caller: Caller, action: string): Promise<number> =>
    (
      await rows(
        api.database,
        "select 1 from audit where user_id = ? and action = ? and outcome = 'refused'",
        [caller.id, action],
      )
    ).length;

  for (const [id, route] of closed) {
    it(`S1: ${id} without a token, or with one that is none, answers 401`, async () => {
      for (const authorization of [undefined, "Bearer x", `Bearer gpudev_${"A".repeat(43)}`]) {
        const init = initOf(id, route);
        const headers = {
          ...(init.headers as Record<string, string>),
          ...(authorization && { authorization }),
        };
        const answer = await send(`${api.url}${pathOf(route)}`, {
          ...init,
          headers,
          method: route.method.toUpperCase(),
        });
        assert.equal(answer.status, 401);
        assert.equal(answer.body["code"], "unauthenticated");
        assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
      }
    });
  }

  for (const [id, route] of closed.filter(([, { access }]) => access === "owner")) {
    it(`S1: ${id} of somebody else's answers 404, as for what is not there, and is audited`, async () => {
      const answer = await mallory.request(
        route.method.toUpperCase(),
        pathOf(route),
        initOf(id, route),
      );
      const absent = await mallory.request(
        route.method.toUpperCase(),
        pathOf(route).replace(/[0-9a-z]{16}/, "0000000000000000"),
        initOf(id, route),
      );
      assert.equal(answer.status, 404);
      assert.equal(answer.body["code"], "not_found");
      assert.equal(answer.body["detail"], absent.body["detail"]);
      assert.equal(absent.status, 404);
      assert.equal(await audited(mallory, id), 1, "the look at what exists, and only that");
    });

    // An operator's cancel is tried last, below.
    if (id === "cancelReservation") continue;
    it(`S1: ${id} lets an operator ${route.operatorMayAct ? "act" : "do nothing"} for others`, async () => {
      const answer = await operator.request(
        route.method.toUpperCase(),
        pathOf(route),
        initOf(id, route),
      );
      assert.equal(answer.status, route.operatorMayAct ? route.response.status : 404);
    });
  }

  for (const [id, route] of closed.filter(([, { access }]) => access === "operator")) {
    it(`S1: ${id} refuses a user with 403, audited, and answers an operator`, async () => {
      const refused = await mallory.request(route.method.toUpperCase(), pathOf(route));
      assert.equal(refused.status, 403);
      assert.equal(refused.body["code"], "forbidden");
      assert.equal(await audited(mallory, id), 1);
      const answered = await operator.request(route.method.toUpperCase(), pathOf(route));
      assert.equal(answered.status, route.response.status);
    });
  }

  for (const [id, route] of closed.filter(
    ([, { access, stream }]) => access === "user" && !stream,
  )) {
    if (route.method === "delete") continue;
    it(`S1: ${id} answers a user, and shows nothing of anybody else's`, async () => {
      const answer = await mallory.request(
        route.method.toUpperCase(),
        pathOf(route),
        initOf(id, route),
      );
      assert.equal(answer.status, route.response.status);
      assert.ok(!JSON.stringify(answer.body).includes(alice.id), "not another user's id");
      assert.ok(!JSON.stringify(answer.body).includes(paths["reservationId"] ?? ""));
    });
  }

  it("S1: nobody changed what is Alice's, and an operator's cancel is written down with his name", async () => {
    const before = await alice.get(`/v1/reservations/${paths["reservationId"] ?? ""}`);
    assert.equal(before.body["generation"], 0);
    const cancel = await operator.post(`/v1/reservations/${paths["reservationId"] ?? ""}/cancel`);
    assert.equal(cancel.status, 202);
    const events = await alice.get(`/v1/reservations/${paths["reservationId"] ?? ""}/events`);
    assert.match(JSON.stringify(events.body), /operator \(operator\) cancelled it/);
    const entries = await rows<{ action: string }>(
      api.database,
      "select action from audit where user_id = ? and outcome = 'allowed'",
      [operator.id],
    );
    assert.deepEqual(entries, [{ action: "cancelReservation" }]);
  });

  it("S1: a token that was signed out is refused, and the attempt is audited", async () => {
    const eve = await api.signIn("eve");
    assert.equal((await eve.request("DELETE", "/v1/tokens/current")).status, 204);
    assert.equal((await eve.get("/v1/me")).status, 401);
    assert.equal(await audited(eve, "getMe"), 1);
  });
});
