import assert from "node:assert/strict";
import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Availability } from "@gpu-dev/shared/api/resources.ts";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { firstComePlanner } from "../../../control-plane/src/domain/plan/firstCome.ts";
import { readAvailability } from "../../../control-plane/src/operations/readCapacity.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { REQUEST, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";

describe("GET /v1/availability", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  before(async () => {
    api = await startApi();
    alice = await api.signIn("alice");
    await rows(
      api.database,
      `insert into capacity_nodes (name, uid, gpu_type, zone, units, foreign_units, ready, cordoned,
         resource_version, observed_at)
       values ('h100-1', 'u1', 'h100', 'a', 8, 1, true, false, '1', now()),
         ('h100-2', 'u2', 'h100', 'b', 8, 0, true, true, '1', now()),
         ('a100-1', 'u3', 'a100', 'a', 8, 0, true, false, '1', now()),
         ('cpu-1', 'u4', 'cpu-x86', 'a', 4, 0, true, false, '1', now())`,
    );
  });
  after(() => api.stop());

  const read = async (type: string, query = "") => {
    const { status, body } = await alice.get(`/v1/availability${query}`);
    assert.equal(status, 200);
    const found = (body as unknown as Availability).types.find((item) => item.type === type);
    assert.ok(found);
    return found;
  };
  const quotesOf = (type: Availability["types"][number]) =>
    type.sizes.map(({ gpus, units, starts, ahead, why }) => [gpus, units, starts, ahead, why]);

  it("states that the nodes are not known before the cluster has responded", async () => {
    const { sizes } = await read("h100");
    const why = "The cluster has not responded yet, so its nodes are not known.";
    assert.deepEqual(sizes[0], { gpus: 1, units: 1, starts: "queued", ahead: 0, why });
    await rows(
      api.database,
      "insert into cluster_contact (cluster, seen_at) values ('default', now())",
    );
  });

  it("quotes each size as the planner would place it", async () => {
    const fits = (gpus: number, units = gpus) => [gpus, units, "now", 0, null];
    assert.deepEqual(quotesOf(await read("h100")), [
      fits(1),
      fits(2),
      fits(4),
      [
        8,
        8,
        "queued",
        0,
        "Needs 8 H100 on one node. 7 are free, on h100-1. Unavailable: h100-2 (cordoned).",
      ],
    ]);
    assert.deepEqual(quotesOf(await read("cpu-x86")), [fits(0, 1)]);
  });

  it("limits the quotes to the zone of the caller's own disk", async () => {
    await rows(
      api.database,
      `insert into disks (id, owner_id, name, size_gib, zone, claim_name, created_at)
       values ('0000000000000001', ?, 'data', 10, 'b', 'gd-disk-1', now())`,
      [alice.id],
    );
    const [smallest] = (await read("h100", "?disk=data")).sizes;
    assert.deepEqual(
      [smallest?.starts, smallest?.why],
      [
        "queued",
        "Needs 1 H100 on one node in b, where its disk is. No node of this type is available in b. Unavailable: h100-2 (cordoned).",
      ],
    );
    assert.equal((await read("h100", "?disk=unknown")).sizes[0]?.starts, "now");
    const bob = await api.signIn("bob");
    const forBob = (await bob.get("/v1/availability?disk=data")).body as unknown as Availability;
    assert.equal(forBob.types.find(({ type }) => type === "h100")?.sizes[0]?.starts, "now");
  });

  it("Q2: free GPUs are not offered while a request that does not fit is queued for them", async () => {
    assert.equal((await alice.post("/v1/reservations", { ...REQUEST, gpus: 8 })).status, 201);
    const h100 = await read("h100");
    assert.deepEqual([h100.freeGpus, h100.queued], [7, 1]);
    assert.deepEqual(quotesOf(h100)[0], [1, 1, "queued", 1, "1 request is ahead of yours."]);
    assert.equal((await read("a100")).sizes[0]?.starts, "now", "other pools are not affected");
  });

  it("reads all pools with as many statements as a single pool", async () => {
    const catalogue = await loadCatalogue();
    const countStatements = async (types: Catalogue["types"]) => {
      let statements = 0;
      const counter = () => {
        statements += 1;
      };
      api.database.on("query", counter);
      const availability = await readAvailability(
        {
          db: api.database,
          catalogue: { ...catalogue, types },
          planner: firstComePlanner,
          clock: { now: () => new Date() },
        },
        { userId: alice.id },
        { disk: "data" },
      );
      api.database.off("query", counter);
      assert.equal(availability.types.length, types.length);
      return statements;
    };
    assert.equal(await countStatements(catalogue.types), 3);
    assert.equal(await countStatements(catalogue.types.slice(0, 1)), 3);
  });
});
