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
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG/4oR7aptABQ9NnWTWbZ9xpdl09TTiYicHMU/4lFmbp alice@laptop";

/** A valid body for each route, so that only the access rule decides. */
const BODIES: Partial<Record<RouteId, unknown>> = {
  createReservation: REQUEST,
  extendReservation: { seconds: 60 },
  addKey: { publicKey: KEY },
};

const allRoutes = Object.entries(routes) as [RouteId, Route][];
const protectedRoutes = allRoutes.filter(([, route]) => route.access !== "public");

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
  const countRefusals = async (caller: Caller, action: string): Promise<number> =>
    (
      await rows(
        api.database,
        "select 1 from audit where user_id = ? and action = ? and outcome = 'refused'",
        [caller.id, action],
      )
    ).length;

  for (const [id, route] of protectedRoutes) {
    it(`S1: ${id} without a valid token returns 401`, async () => {
      for (const authorization of [undefined, "Bearer x", `Bearer gpudev_${"A".repeat(43)}`]) {
        const init = initOf(id, route);
        const headers = {
          ...(init.headers as Record<string, string>),
          ...(authorization && { authorization }),
        };
        const response = await send(`${api.url}${pathOf(route)}`, {
          ...init,
          headers,
          method: route.method.toUpperCase(),
        });
        assert.equal(response.status, 401);
        assert.equal(response.body["code"], "unauthenticated");
        assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
      }
    });
  }

  for (const [id, route] of protectedRoutes.filter(([, { access }]) => access === "owner")) {
    it(`S1: ${id} of another user's resource returns 404, as if it did not exist, and is audited`, async () => {
      const response = await mallory.request(
        route.method.toUpperCase(),
        pathOf(route),
        initOf(id, route),
      );
      const absent = await mallory.request(
        route.method.toUpperCase(),
        pathOf(route).replace(/[0-9a-z]{16}/, "0000000000000000"),
        initOf(id, route),
      );
      assert.equal(response.status, 404);
      assert.equal(response.body["code"], "not_found");
      assert.equal(response.body["detail"], absent.body["detail"]);
      assert.equal(absent.status, 404);
      assert.equal(
        await countRefusals(mallory, id),
        1,
        "only the request for the existing resource",
      );
    });

    // The last test but one covers the operator's cancel.
    if (id === "cancelReservation") continue;
    it(`S1: ${id} ${route.operatorMayAct ? "allows" : "does not allow"} an operator to act on another user's resource`, async () => {
      const response = await operator.request(
        route.method.toUpperCase(),
        pathOf(route),
        initOf(id, route),
      );
      assert.equal(response.status, route.operatorMayAct ? route.response.status : 404);
    });
  }

  for (const [id, route] of protectedRoutes.filter(([, { access }]) => access === "operator")) {
    it(`S1: ${id} returns 403 to a user, audits the request, and serves an operator`, async () => {
      const refused = await mallory.request(route.method.toUpperCase(), pathOf(route));
      assert.equal(refused.status, 403);
      assert.equal(refused.body["code"], "forbidden");
      assert.equal(await countRefusals(mallory, id), 1);
      const served = await operator.request(route.method.toUpperCase(), pathOf(route));
      assert.equal(served.status, route.response.status);
    });
  }

  for (const [id, route] of protectedRoutes.filter(
    ([, { access, stream }]) => access === "user" && !stream,
  )) {
    if (route.method === "delete") continue;
    it(`S1: ${id} serves a user and shows nothing of other users`, async () => {
      const response = await mallory.request(
        route.method.toUpperCase(),
        pathOf(route),
        initOf(id, route),
      );
      assert.equal(response.status, route.response.status);
      assert.ok(!JSON.stringify(response.body).includes(alice.id), "not another user's id");
      assert.ok(!JSON.stringify(response.body).includes(paths["reservationId"] ?? ""));
    });
  }

  it("S1: refused requests change nothing, and an operator's cancel is recorded with the operator's name", async () => {
    const before = await alice.get(`/v1/reservations/${paths["reservationId"] ?? ""}`);
    assert.equal(before.body["generation"], 0);
    const cancel = await operator.post(`/v1/reservations/${paths["reservationId"] ?? ""}/cancel`);
    assert.equal(cancel.status, 202);
    const events = await alice.get(`/v1/reservations/${paths["reservationId"] ?? ""}/events`);
    assert.match(JSON.stringify(events.body), /operator \(operator\) cancelled it/);
    const entries = await rows<{ action: string }>(
      api.database,
      "select action from audit where user_id = ? and outcome = 'allowed' order by id",
      [operator.id],
    );
    assert.deepEqual(entries, [{ action: "createToken" }, { action: "cancelReservation" }]);
  });

  it("S1: a revoked token is refused, and the attempt is audited", async () => {
    const eve = await api.signIn("eve");
    assert.equal((await eve.request("DELETE", "/v1/tokens/current")).status, 204);
    assert.equal((await eve.get("/v1/me")).status, 401);
    assert.equal(await countRefusals(eve, "getMe"), 1);
  });
});
