import assert from "node:assert/strict";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import pg from "pg";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { sharedPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { install, policyIsEffective, SYSTEM } from "../chart/release.ts";
import { auditOf, type Audit, type AuditedRequest } from "../support/audit.ts";
import { startControlPlane, type ControlPlane } from "../support/controlPlane.ts";
import type { FaultProxy } from "../support/faultProxy.ts";
import { startKubernetes, type Kubernetes } from "../support/kubernetes.ts";
import { addVolumes, startKwok } from "../support/kwok.ts";
import { eachOf, report, round, tally } from "../support/load.ts";
import { startProxied } from "../support/proxied.ts";
import {
  nothingIsHeld,
  sameDisksAsClaims,
  sameRowsAsPods,
  sameRowsAsSecretsAndServices,
  statesAre,
} from "../support/rowsAndObjects.ts";
import { lookAtEverything } from "./looks.ts";

/** The whole of it takes minutes: GPU_DEV_SCALE=full. */
const FULL = process.env["GPU_DEV_SCALE"] === "full";
const NODES = FULL ? 1_000 : 60;
const RESERVATIONS = FULL ? 5_000 : 300;
const GPUS = 2;
/** As many as there are GPUs for; the others wait. */
const FITTING = (NODES * 8) / GPUS;
const SERVED = Math.min(FITTING, RESERVATIONS);
const WAITING = RESERVATIONS - SERVED;
/** The very first of them, and every so many after it, bring a disk of their own. */
const WITH_DISK = 10;
/** Pod, Secret and Service are created, the pod is read as it becomes ready, the Secret told until when; a claim is one more. */
const MOST_CALLS = 6;
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
    const { types, disks } = await loadCatalogue();
    const type = types.find(({ id }) => id === "h100");
    assert.ok(type);
    const kwok = await startKwok(kubernetes, { type, count: NODES });
    stops.push(() => kwok.stop());
    const count = Math.ceil(RESERVATIONS / WITH_DISK);
    await addVolumes(kubernetes.admin, { count, sizeGib: disks.defaultSizeGib });
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
      logLevel: process.env["TEST_LOG"] ?? "error",
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
    const [watched, before] = [watchedNow(), audit.requests().length];
    const started = performance.now();
    await eachOf(RESERVATIONS, AT_ONCE, async (index) => {
      const name = `many-${String(index)}`;
      const disk = index % WITH_DISK === 0 ? { disk: `disk-${String(index)}` } : {};
      const body = { gpuType: "h100", gpus: GPUS, durationSeconds: 3_600, name, ...disk };
      const { id } = await ownerOf(index).call("createReservation", { body });
      ids[index] = id;
    });
    const asked = performance.now();
    await counts({ ready: SERVED, queued: WAITING });
    const { rows: silent } = await rows.query(
      "select id from reservations where state = 'queued' and waiting_reason is null",
    );
    assert.deepEqual(silent, []);
    const requests = audit.requests().slice(before).map(wordsOf);
    report({
      "POSTs, per second": Math.round(RESERVATIONS / ((asked - started) / 1_000)),
      "all served, seconds": Math.round((performance.now() - started) / 1_000),
      "API calls per served reservation": round(requests.length / SERVED),
      "watch bytes per served reservation": perServed(watchedSince(watched)),
      "by kind": tally(requests),
      "memory, MiB": await controlPlane.memory(),
      "processor, seconds": controlPlane.cpuSeconds(),
    });
    assert.equal((await sameRowsAsPods(rows, kubernetes)).length, SERVED);
    await sameRowsAsSecretsAndServices(rows, kubernetes);
    await sameDisksAsClaims(rows, kubernetes);
    assert.ok(requests.length <= SERVED * MOST_CALLS);
    assert.deepEqual(requests.filter(isList), []);
  });

  it("asks nothing and writes nothing while nothing happens, though everything is looked at again", async () => {
    const [watched, processor, begun] = [
      watchedNow(),
      controlPlane.cpuSeconds(),
      performance.now(),
    ];
    const before = audit.requests().length;
    const since = () => audit.requests().slice(before).map(wordsOf);
    for (let rounds = 0; rounds < 2; rounds += 1) await lookAtEverything(rows, PATIENCE_MS);
    // Watches end and begin anew meanwhile, as they do all the time.
    await waitFor(() => since().filter((words) => words === "watch pods").length >= 2, {
      ...{ timeoutMs: PATIENCE_MS, describe: "the watch of the pods to begin anew, twice" },
    });
    report({
      seconds: Math.round((performance.now() - begun) / 1_000),
      "requests in two rounds and two sweeps": tally(since()),
      "watch bytes": watchedSince(watched),
      "processor, seconds": round(controlPlane.cpuSeconds() - processor),
      "memory, MiB": await controlPlane.memory(),
    });
    assert.deepEqual(
      since().filter((words) => !words.startsWith("watch ")),
      [],
    );
  });

  it("serves those that wait as others end", async () => {
    const { rows: ready } = await rows.query<{ id: ReservationId }>(
      "select id from reservations where state = 'ready'",
    );
    const before = audit.requests().length;
    await cancel(ready.map(({ id }) => id));
    await counts({ ended: SERVED, ready: WAITING });
    report({
      requests: tally(audit.requests().slice(before).map(wordsOf)),
      "memory, MiB": await controlPlane.memory(),
    });
    const { rows: again } = await rows.query<{ id: ReservationId }>(
      "select id from reservations where state = 'ready'",
    );
    assert.ok(again.every(({ id }) => !ready.some((one) => one.id === id)));
    assert.equal((await sameRowsAsPods(rows, kubernetes)).length, WAITING);
    await sameRowsAsSecretsAndServices(rows, kubernetes);
    assert.deepEqual(audit.requests().slice(before).map(wordsOf).filter(isList), []);
  });

  it("leaves nothing when all have ended", async () => {
    await cancel(ids);
    await counts({ ended: RESERVATIONS });
    await nothingIsHeld(rows, kubernetes);
  });

  const wordsOf = ({ verb, resource }: AuditedRequest) => `${verb} ${resource}`;
  const isList = (words: string) => words.startsWith("list ");
  const watchedNow = () => ({ ...proxy.traffic.watchedOf });
  const watchedSince = (before: Readonly<Record<string, number>>) =>
    Object.entries(proxy.traffic.watchedOf).map(
      ([resource, bytes]) => [resource, bytes - (before[resource] ?? 0)] as const,
    );
  const perServed = (bytes: readonly (readonly [string, number])[]) =>
    Object.fromEntries(bytes.map(([resource, count]) => [resource, Math.round(count / SERVED)]));

  const cancel = (reservations: readonly ReservationId[]) =>
    eachOf(reservations.length, AT_ONCE, async (index) => {
      const reservationId = reservations[index];
      assert.ok(reservationId);
      const owner = ownerOf(ids.indexOf(reservationId));
      await owner.call("cancelReservation", { params: { reservationId } });
    });

  function ownerOf(index: number): ApiClient {
    const owner = users[Math.floor(index / EACH)];
    assert.ok(owner);
    return owner;
  }

  const counts = (wanted: Readonly<Record<string, number>>) => statesAre(rows, wanted, PATIENCE_MS);
});
