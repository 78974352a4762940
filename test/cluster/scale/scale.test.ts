import assert from "node:assert/strict";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { Hour, Second } from "@gpu-dev/shared/durations.ts";
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
import { runFullResync } from "./resync.ts";

/** `GPU_DEV_SCALE=full` runs the full size, which takes minutes. */
const FULL = process.env["GPU_DEV_SCALE"] === "full";
const NODES = FULL ? 1_000 : 60;
const RESERVATIONS = FULL ? 5_000 : 300;
const GPUS = 2;
/** As many as there are GPUs for; the others are queued. */
const FITTING = (NODES * 8) / GPUS;
const SERVED = Math.min(FITTING, RESERVATIONS);
const QUEUED = RESERVATIONS - SERVED;
/** The first reservation and then one in this many has a disk. */
const DISK_INTERVAL = 10;
/**
 * Create Pod, Secret and Service, read the pod when it becomes ready, write the end time to the
 * Secret; a claim is one more.
 */
const MAX_CALLS = 6;
const CONCURRENCY = 16;
/** The catalogue's limit of live reservations per user. */
const MAX_PER_USER = 50;
const TIMEOUT_MS = FULL ? 1_200_000 : 120_000;

describe(`scale: ${String(NODES)} nodes, ${String(RESERVATIONS)} reservations`, function () {
  this.timeout(TIMEOUT_MS * 2);
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
    const count = Math.ceil(RESERVATIONS / DISK_INTERVAL);
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
    for (let index = 0; index < RESERVATIONS / MAX_PER_USER; index += 1) {
      users.push(await controlPlane.signIn(`user-${String(index)}`));
    }
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it("accepts every reservation, starts as many as there are GPUs for, and gives the others a waiting reason", async () => {
    const [watched, before] = [watchedNow(), audit.requests().length];
    const started = performance.now();
    await eachOf(RESERVATIONS, CONCURRENCY, async (index) => {
      const name = `many-${String(index)}`;
      const disk = index % DISK_INTERVAL === 0 ? { disk: `disk-${String(index)}` } : {};
      const body = { gpuType: "h100", gpus: GPUS, durationSeconds: Hour.seconds, name, ...disk };
      const { id } = await ownerOf(index).call("createReservation", { body });
      ids[index] = id;
    });
    const accepted = performance.now();
    await counts({ ready: SERVED, queued: QUEUED });
    const { rows: unexplained } = await rows.query(
      "select id from reservations where state = 'queued' and waiting_reason is null",
    );
    assert.deepEqual(unexplained, []);
    const requests = audit.requests().slice(before).map(describeRequest);
    report({
      "POSTs, per second": Math.round(RESERVATIONS / ((accepted - started) / Second.ms)),
      "all started, seconds": Math.round((performance.now() - started) / Second.ms),
      "API calls per served reservation": round(requests.length / SERVED),
      "watch bytes per served reservation": perServed(watchedSince(watched)),
      "by kind": tally(requests),
      "memory, MiB": await controlPlane.memory(),
      "processor, seconds": controlPlane.cpuSeconds(),
    });
    assert.equal((await sameRowsAsPods(rows, kubernetes)).length, SERVED);
    await sameRowsAsSecretsAndServices(rows, kubernetes);
    await sameDisksAsClaims(rows, kubernetes);
    assert.ok(requests.length <= SERVED * MAX_CALLS);
    assert.deepEqual(requests.filter(isList), []);
  });

  it("sends no request and writes nothing during full resyncs of an idle cluster", async () => {
    const [watched, processor, startedAt] = [
      watchedNow(),
      controlPlane.cpuSeconds(),
      performance.now(),
    ];
    const before = audit.requests().length;
    const since = () => audit.requests().slice(before).map(describeRequest);
    for (let rounds = 0; rounds < 2; rounds += 1) await runFullResync(rows, TIMEOUT_MS);
    // Watches end and restart regularly.
    await waitFor(() => since().filter((request) => request === "watch pods").length >= 2, {
      timeoutMs: TIMEOUT_MS,
      describe: "the watch of the pods to restart twice",
    });
    report({
      seconds: Math.round((performance.now() - startedAt) / Second.ms),
      "requests in two rounds and two sweeps": tally(since()),
      "watch bytes": watchedSince(watched),
      "processor, seconds": round(controlPlane.cpuSeconds() - processor),
      "memory, MiB": await controlPlane.memory(),
    });
    assert.deepEqual(
      since().filter((request) => !request.startsWith("watch ")),
      [],
    );
  });

  it("starts queued reservations as others end", async () => {
    const { rows: ready } = await rows.query<{ id: ReservationId }>(
      "select id from reservations where state = 'ready'",
    );
    const before = audit.requests().length;
    await cancel(ready.map(({ id }) => id));
    await counts({ ended: SERVED, ready: QUEUED });
    report({
      requests: tally(audit.requests().slice(before).map(describeRequest)),
      "memory, MiB": await controlPlane.memory(),
    });
    const { rows: readyNext } = await rows.query<{ id: ReservationId }>(
      "select id from reservations where state = 'ready'",
    );
    assert.ok(readyNext.every(({ id }) => !ready.some((previous) => previous.id === id)));
    assert.equal((await sameRowsAsPods(rows, kubernetes)).length, QUEUED);
    await sameRowsAsSecretsAndServices(rows, kubernetes);
    assert.deepEqual(audit.requests().slice(before).map(describeRequest).filter(isList), []);
  });

  it("leaves nothing in the cluster when all have ended", async () => {
    await cancel(ids);
    await counts({ ended: RESERVATIONS });
    await nothingIsHeld(rows, kubernetes);
  });

  const describeRequest = ({ verb, resource }: AuditedRequest) => `${verb} ${resource}`;
  const isList = (request: string) => request.startsWith("list ");
  const watchedNow = () => ({ ...proxy.traffic.watchedByResource });
  const watchedSince = (before: Readonly<Record<string, number>>) =>
    Object.entries(proxy.traffic.watchedByResource).map(
      ([resource, bytes]) => [resource, bytes - (before[resource] ?? 0)] as const,
    );
  const perServed = (bytes: readonly (readonly [string, number])[]) =>
    Object.fromEntries(bytes.map(([resource, count]) => [resource, Math.round(count / SERVED)]));

  const cancel = (reservations: readonly ReservationId[]) =>
    eachOf(reservations.length, CONCURRENCY, async (index) => {
      const reservationId = reservations[index];
      assert.ok(reservationId);
      const owner = ownerOf(ids.indexOf(reservationId));
      await owner.call("cancelReservation", { params: { reservationId } });
    });

  function ownerOf(index: number): ApiClient {
    const owner = users[Math.floor(index / MAX_PER_USER)];
    assert.ok(owner);
    return owner;
  }

  const counts = (wanted: Readonly<Record<string, number>>) => statesAre(rows, wanted, TIMEOUT_MS);
});
