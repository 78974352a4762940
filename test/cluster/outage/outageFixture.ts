import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import pg from "pg";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { freePort } from "../../support/freePort.ts";
import { startTestPostgres, type TestPostgres } from "../../support/postgres.ts";
import { install, policyIsEffective } from "../chart/release.ts";
import { startControlPlane, type ControlPlane } from "../support/controlPlane.ts";
import type { FaultProxy } from "../support/faultProxy.ts";
import { startKubernetes, type Kubernetes } from "../support/kubernetes.ts";
import { addVolumes, startKwok } from "../support/kwok.ts";
import { eachOf } from "../support/load.ts";
import { startProxied } from "../support/proxied.ts";
import type { Rows } from "../support/rowsAndObjects.ts";

/** Two control planes on one PostgreSQL, with a fault proxy between them and a real API server. */
export interface OutageFixture {
  readonly kubernetes: Kubernetes;
  readonly postgres: TestPostgres;
  readonly proxy: FaultProxy;
  readonly processes: readonly ControlPlane[];
  /** Half of them use each control plane. */
  readonly users: readonly ApiClient[];
  readonly rows: Rows;
  /** Starts a stopped control plane again, on the same port. */
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
}

export interface OutageFixtureOptions {
  readonly nodes: number;
  readonly disks: number;
  readonly users: number;
  /** Default: the catalogue's ten minutes. */
  readonly startBudgetSeconds?: number;
}

export async function startOutageFixture(options: OutageFixtureOptions): Promise<OutageFixture> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await startAll(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  options: OutageFixtureOptions,
  stops: (() => Promise<unknown>)[],
): Promise<Omit<OutageFixture, "stop">> {
  const kubernetes = await startCluster(options, stops);
  const postgres = await startTestPostgres({ durable: true });
  stops.push(() => postgres.remove());
  const databaseUrl = (await postgres.createDatabase()).url;
  const { proxy, kubeconfigPath } = await startProxied(kubernetes, "gpu-dev");
  stops.push(() => proxy.stop());
  const { directory } = kubernetes;
  const catalogueFile = await writeCatalogue(directory, options);
  const logLevel = process.env["TEST_LOG"] ?? "silent";
  const common = { databaseUrl, directory, kubeconfigPath, logLevel, catalogueFile };
  const ports = [await freePort(), await freePort()];
  const processes: ControlPlane[] = [];
  const restart = async (index: number) => {
    const port = ports[index];
    assert.ok(port);
    processes[index] = await startControlPlane({ ...common, port });
  };
  stops.push(() => Promise.all(processes.map((each) => each.stop())));
  for (const index of ports.keys()) await restart(index);
  const users: ApiClient[] = [];
  await eachOf(options.users, 4, async (index) => {
    const client = await processes[index % 2]?.signIn(`user-${String(index)}`);
    if (client) users[index] = client;
  });
  // A pool reconnects after a restart of PostgreSQL.
  const rows = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  rows.on("error", () => undefined);
  stops.push(() => rows.end());
  return { kubernetes, postgres, proxy, processes, users, rows, restart };
}

async function startCluster(
  { nodes, disks }: OutageFixtureOptions,
  stops: (() => Promise<unknown>)[],
): Promise<Kubernetes> {
  const kubernetes = await startKubernetes();
  stops.push(() => kubernetes.stop());
  const { types, disks: sizes } = await loadCatalogue();
  const type = types.find(({ id }) => id === "h100");
  assert.ok(type);
  const kwok = await startKwok(kubernetes, { type, count: nodes });
  stops.push(() => kwok.stop());
  await addVolumes(kubernetes.admin, { count: disks, sizeGib: sizes.defaultSizeGib });
  await install(kubernetes, "gpu-dev", "gpu-dev");
  await policyIsEffective(kubernetes, "gpu-dev");
  return kubernetes;
}

async function writeCatalogue(
  directory: string,
  { startBudgetSeconds }: OutageFixtureOptions,
): Promise<string> {
  const catalogue = await loadCatalogue();
  const types = catalogue.types.map((type) => ({
    ...type,
    startBudgetSeconds: startBudgetSeconds ?? type.startBudgetSeconds,
  }));
  const path = join(directory, "catalogue.json");
  // JSON is YAML.
  writeFileSync(path, JSON.stringify({ ...catalogue, types }));
  return path;
}
