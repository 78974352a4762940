import assert from "node:assert/strict";
import { createApiClient, type ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { ReservationId, TokenId, UserId } from "@gpu-dev/shared/ids.ts";
import pg from "pg";
import { hashToken, newToken } from "../../../control-plane/src/auth/token.ts";
import { newId } from "../../../control-plane/src/platform/newId.ts";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { sharedPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { install, policyIsEffective } from "../chart/release.ts";
import { startControlPlane, type ControlPlane } from "../support/controlPlane.ts";
import type { FaultProxy } from "../support/faultProxy.ts";
import { startKubernetes, type Kubernetes } from "../support/kubernetes.ts";
import { startKwok } from "../support/kwok.ts";
import { startProxied } from "../support/proxied.ts";

/** The process of one version, and the proxy that only this process uses to reach the cluster. */
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
  let token: string | undefined;
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
      // Not by sign-in: its request may differ between versions, and tokens are valid at both.
      token ??= await insertToken(rows);
      const client = createApiClient({ baseUrl: process.url, token: () => token ?? "" });
      return { process, proxy, client };
    },
    stop: async () => {
      for (const stop of stops.reverse()) await stop();
    },
  };
}

/** Inserts a user and a token; both versions' schemas accept these statements. */
async function insertToken(rows: pg.Client): Promise<string> {
  const token = newToken();
  const [userId, tokenId] = [newId<UserId>(), newId<TokenId>()];
  await rows.query("insert into users (id, name, created_at) values ($1, 'ada', now())", [userId]);
  await rows.query(
    `insert into api_tokens (id, user_id, token_hash, role, created_at, expires_at)
     values ($1, $2, $3, 'user', now(), now() + interval '1 day')`,
    [tokenId, userId, hashToken(token)],
  );
  return token;
}

/**
 * Three reservations whose next step is held: one start, one end that deletes its pod, one that
 * deletes its objects.
 */
export interface HeldSteps {
  readonly starting: ReservationId;
  readonly closing: ReservationId;
  readonly removing: ReservationId;
}

/** Brings a version into the middle of three steps, each held in a call that gets no response. */
export async function holdSteps(
  { client, proxy }: Version,
  rows: pg.Client,
  {
    reserve,
    ready,
  }: { reserve: () => Promise<ReservationId>; ready: [ReservationId, ReservationId] },
): Promise<HeldSteps> {
  const { requests } = proxy.faults;
  const hold = (verb: string, resource: string) => {
    requests.add({ id: `${verb} ${resource}`, match: { verb, resource }, effect: { hang: true } });
  };
  const cancel = async (reservationId: ReservationId) => {
    await client.call("cancelReservation", { params: { reservationId } });
  };
  const waitUntilHeld = async (id: ReservationId, wanted: string, call: string) => {
    const isHeld = async () => {
      const found = await rows.query<{ step: string }>(
        "select concat_ws('/', state, phase) as step from reservations where id = $1",
        [id],
      );
      return found.rows[0]?.step === wanted && proxy.affected(call) > 0;
    };
    await waitFor(isHeld, { describe: `${wanted}, held by ${call}` });
  };
  const [closing, removing] = ready;
  hold("delete", "secrets");
  await cancel(removing);
  await waitUntilHeld(removing, "stopping/removing", "delete secrets");
  hold("delete", "pods");
  await cancel(closing);
  await waitUntilHeld(closing, "stopping/closing", "delete pods");
  hold("create", "pods");
  const starting = await reserve();
  await waitUntilHeld(starting, "starting/placing", "create pods");
  return { starting, closing, removing };
}
