import assert from "node:assert/strict";
import type { ApiClient } from "@gpu-dev/shared/client/apiClient.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import pg from "pg";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { sharedPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { install, policyIsEffective, SYSTEM } from "../chart/release.ts";
import { auditOf, type Audit } from "../support/audit.ts";
import { startControlPlane, type ControlPlane } from "../support/controlPlane.ts";
import type { FaultProxy } from "../support/faultProxy.ts";
import { startKubernetes, type Kubernetes } from "../support/kubernetes.ts";
import { startKwok } from "../support/kwok.ts";
import { eachOf, report, round, tally } from "../support/load.ts";
import { startProxied } from "../support/proxied.ts";
import { objectsOf, sameRowsAsPods, statesAre } from "../support/rowsAndObjects.ts";

/** The whole of it takes minutes: GPU_DEV_SCALE=full. */
const FULL = process.env["GPU_DEV_SCALE"] === "full";
const NODES = FULL ? 1_000 : 60;
const RESERVATIONS = FULL ? 5_000 : 300;
const GPUS = 2;
/** As many as there are GPUs for; the others wait. */
const FITTING = (NODES * 8) / GPUS;
const AT_ONCE = 16;
/** Nobody may have more than these. */
const EACH = 50;
const PATIENCE_MS = FULL ? 1_200_000 : 120_000;

describe(`scale: ${String(NODES)} nodes, ${String(RESERVATIONS)} reservations`, function () {
  this.timeout(PATIENCE_MS * 2);
  let kubernetes: Kubernetes;
  let audit: Audit;
  let rows: pg.Client;
  let controlPlane: ControlPlane;
  let proxy: FaultProxy;
  const ids: ReservationId[] = [];
  const users: ApiClient[] = [];
  const stops: (() => Promise<unknown>)[] = [];

  before(async () => {
    audit = await auditOf(`system:serviceaccount:${SYSTEM}:gpu-dev`);
    stops.push(() => audit.remove());
    kubernetes = await startKubernetes({ apiServerArgs: audit.apiServerArgs });
    stops.push(() => kubernetes.stop());
    const type = (await loadCatalogue()).types.find(({ id }) => id === "h100");
    assert.ok(type);
    const kwok = await startKwok(kubernetes, { type, count: NODES });
    stops.push(() => kwok.stop());
    await install(kubernetes, "gpu-dev", "gpu-dev");
    await policyIsEffective(kubernetes, "gpu-dev");
    const database = await (await sharedPostgres()).createDatabase("empty");
    stops.push(() => database.drop());
    const proxied = await startProxied(kubernetes, "gpu-dev");
    ({ proxy } = proxied);
    stops.push(() => proxy.stop());
    controlPlane = await startControlPlane({
      kubeconfigPath: proxied.kubeconfigPath,
      databaseUrl: database.url,
      directory: kubernetes.directory,
    });
    stops.push(() => controlPlane.stop());
    rows = new pg.Client({ connectionString: database.url });
    await rows.connect();
    stops.push(() => rows.end());
    for (let index = 0; index < RESERVATIONS / EACH; index += 1) {
      users.push(await controlPlane.signIn(`user-${String(index)}`));
    }
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it("takes them all, serves as many as there are GPUs for, and tells the others why they wait", async () => {
    const started = performance.now();
    await eachOf(RESERVATIONS, AT_ONCE, async (index) => {
      const name = `many-${String(index)}`;
      const body = { gpuType: "h100", gpus: GPUS, durationSeconds: 3_600, name };
      const { id } = await ownerOf(index).call("createReservation", { body });
      ids[index] = id;
    });
    const asked = performance.now();
    const served = Math.min(FITTING, RESERVATIONS);
    await counts({ ready: served, queued: RESERVATIONS - served });
    const { rows: silent } = await rows.query(
      "select id from reservations where state = 'queued' and waiting_reason is null",
    );
    assert.deepEqual(silent, []);
    assert.equal((await sameRowsAsPods(rows, kubernetes)).length, served);
    const requests = audit.requests();
    report({
      "POSTs, per second": Math.round(RESERVATIONS / ((asked - started) / 1_000)),
      "all served, seconds": Math.round((performance.now() - started) / 1_000),
      "API calls per served reservation": round(requests.length / served),
      "bytes per served reservation": perReservation(proxy.traffic, served),
      "by kind": tally(requests.map(({ verb, resource }) => `${verb} ${resource}`)),
      "memory, MiB": controlPlane.memory(),
      "processor, seconds": controlPlane.cpuSeconds(),
    });
  });

  it("lists nothing while nothing happens, though everything is looked at again", async () => {
    const before = audit.requests().length;
    const processor = controlPlane.cpuSeconds();
    const served = Math.min(FITTING, RESERVATIONS);
    // Each look at a reservation that is ready writes who may log in.
    const looks = () =>
      audit
        .requests()
        .slice(before)
        .filter(({ verb, resource }) => verb === "patch" && resource === "secrets");
    await waitFor(() => looks().length >= 2 * served, {
      timeoutMs: PATIENCE_MS,
      intervalMs: 500,
      describe: "two rounds of looking at everything again",
    });
    const quiet = audit.requests().slice(before);
    report({
      "requests in two rounds": tally(quiet.map(({ verb, resource }) => `${verb} ${resource}`)),
      "processor, seconds": round(controlPlane.cpuSeconds() - processor),
      "memory, MiB": controlPlane.memory(),
    });
    const full = quiet.filter(({ verb }) => verb === "list");
    assert.deepEqual(full, []);
  });

  it("serves those that wait as others end, and leaves nothing when all have", async () => {
    await eachOf(ids.length, AT_ONCE, async (index) => {
      const reservationId = ids[index];
      assert.ok(reservationId);
      await ownerOf(index).call("cancelReservation", { params: { reservationId } });
    });
    await counts({ ended: RESERVATIONS });
    await waitFor(async () => (await objects("pods")).length === 0, {
      timeoutMs: PATIENCE_MS,
      describe: "the last pod to go",
    });
    for (const kind of ["secrets", "services"]) assert.deepEqual(await objects(kind), []);
  });

  const perReservation = (traffic: FaultProxy["traffic"], served: number) =>
    Object.fromEntries(
      Object.entries(traffic).map(([what, bytes]) => [what, Math.round(bytes / served)]),
    );

  function ownerOf(index: number): ApiClient {
    const owner = users[Math.floor(index / EACH)];
    assert.ok(owner);
    return owner;
  }

  const counts = (wanted: Readonly<Record<string, number>>) => statesAre(rows, wanted, PATIENCE_MS);
  const objects = (kind: string) => objectsOf(kubernetes, kind);
});
