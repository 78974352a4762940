import assert from "node:assert/strict";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import pg from "pg";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { sharedPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { install, policyIsEffective } from "../chart/release.ts";
import { startControlPlane, type ControlPlane } from "../support/controlPlane.ts";
import type { FaultProxy } from "../support/faultProxy.ts";
import { startKubernetes, type Kubernetes } from "../support/kubernetes.ts";
import { startKwok } from "../support/kwok.ts";
import { startProxied } from "../support/proxied.ts";

/** One version's process, and the proxy by which it, and it alone, reaches the cluster. */
export interface Version {
  readonly process: ControlPlane;
  readonly proxy: FaultProxy;
  readonly client: ApiClient;
}

export interface Installation {
  readonly kubernetes: Kubernetes;
  readonly rows: pg.Client;
  start(main: string): Promise<Version>;
  stop(): Promise<void>;
}

export async function startInstallation(): Promise<Installation> {
  const stops: (() => Promise<unknown>)[] = [];
  const kubernetes = await startKubernetes();
  stops.push(() => kubernetes.stop());
  const type = (await loadCatalogue()).types.find(({ id }) => id === "h100");
  assert.ok(type);
  const kwok = await startKwok(kubernetes, { type, count: 4 });
  stops.push(() => kwok.stop());
  await install(kubernetes, "gpu-dev", "gpu-dev");
  await policyIsEffective(kubernetes, "gpu-dev");
  const database = await (await sharedPostgres()).createDatabase("empty");
  stops.push(() => database.drop());
  const rows = new pg.Client({ connectionString: database.url });
  await rows.connect();
  stops.push(() => rows.end());
  return {
    kubernetes,
    rows,
    start: async (main) => {
      const { proxy, kubeconfigPath } = await startProxied(kubernetes, "gpu-dev");
      stops.push(() => proxy.stop());
      const { directory } = kubernetes;
      const given = { kubeconfigPath, databaseUrl: database.url, directory, main };
      const process = await startControlPlane(given);
      stops.push(() => process.stop());
      return { process, proxy, client: await process.signIn("ada") };
    },
    stop: async () => {
      for (const stop of stops.reverse()) await stop();
    },
  };
}

/** What is in hand at one moment: a start, and two ends of which one waits for its pod and one clears up. */
export interface Midway {
  readonly starting: ReservationId;
  readonly closing: ReservationId;
  readonly removing: ReservationId;
}

/** Brings a version to where it is in the middle of three things, each in a call that gets no answer. */
export async function holdMidway(
  { client, proxy }: Version,
  rows: pg.Client,
  {
    reserve,
    ready,
  }: { reserve: () => Promise<ReservationId>; ready: [ReservationId, ReservationId] },
): Promise<Midway> {
  const { requests } = proxy.faults;
  const hold = (verb: string, resource: string) => {
    requests.add({ id: `${verb} ${resource}`, match: { verb, resource }, effect: { hang: true } });
  };
  const cancel = async (reservationId: ReservationId) => {
    await client.call("cancelReservation", { params: { reservationId } });
  };
  const held = async (id: ReservationId, wanted: string, call: string) => {
    const where = async () => {
      const found = await rows.query<{ at: string }>(
        "select concat_ws('/', state, phase) as at from reservations where id = $1",
        [id],
      );
      return found.rows[0]?.at === wanted && proxy.met(call) > 0;
    };
    await waitFor(where, { describe: `${wanted}, held by ${call}` });
  };
  const [closing, removing] = ready;
  hold("delete", "secrets");
  await cancel(removing);
  await held(removing, "stopping/removing", "delete secrets");
  hold("delete", "pods");
  await cancel(closing);
  await held(closing, "stopping/closing", "delete pods");
  hold("create", "pods");
  const starting = await reserve();
  await held(starting, "starting/placing", "create pods");
  return { starting, closing, removing };
}
