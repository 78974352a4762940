import assert from "node:assert/strict";
import type { ApiClient } from "@gpu-dev/shared/client/apiClient.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import pg from "pg";
import { loadCatalogue } from "../../../control-plane/src/catalogueFile.ts";
import { sharedPostgres } from "../../support/postgres.ts";
import { install, policyIsEffective, SYSTEM } from "../chart/release.ts";
import { startControlPlane, type ControlPlane } from "../support/controlPlane.ts";
import { startKubernetes, type Kubernetes } from "../support/kubernetes.ts";
import { startKwok } from "../support/kwok.ts";
import { objectsOf, sameRowsAsPods, statesAre } from "../support/rowsAndObjects.ts";
import { hasPrevious, writePrevious } from "./previous.ts";

/** As a rolling upgrade and a rollback go: processes of two versions on one database and one cluster. */
describe("this version beside the previous one", function () {
  this.timeout(120_000);
  let kubernetes: Kubernetes;
  let rows: pg.Client;
  let startOld: () => Promise<ControlPlane>;
  let startNew: () => Promise<ControlPlane>;
  let older: ControlPlane | undefined;
  let newer: ControlPlane | undefined;
  let viaOld: ApiClient;
  let viaNew: ApiClient;
  const stops: (() => Promise<unknown>)[] = [];
  const ids: Record<string, ReservationId> = {};

  before(async function () {
    if (!hasPrevious()) {
      process.stdout.write(
        "  skipped: this clone has no history with the previous version in it\n",
      );
      this.skip();
    }
    kubernetes = await startKubernetes();
    stops.push(() => kubernetes.stop());
    const type = (await loadCatalogue()).types.find(({ id }) => id === "h100");
    assert.ok(type);
    const kwok = await startKwok(kubernetes, { type, count: 4 });
    stops.push(() => kwok.stop());
    await install(kubernetes, "gpu-dev", "gpu-dev");
    await policyIsEffective(kubernetes, "gpu-dev");
    const database = await (await sharedPostgres()).createDatabase("empty");
    stops.push(() => database.drop());
    const { directory } = kubernetes;
    const kubeconfigPath = await kubernetes.serviceAccountKubeconfig(SYSTEM, "gpu-dev");
    const common = { kubeconfigPath, databaseUrl: database.url, directory };
    const main = writePrevious(directory);
    startOld = () => startControlPlane({ ...common, main });
    startNew = () => startControlPlane(common);
    stops.push(async () => {
      for (const each of [older, newer]) await each?.stop();
    });
    rows = new pg.Client({ connectionString: database.url });
    await rows.connect();
    stops.push(() => rows.end());
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  const reserve = async (client: ApiClient, name: string) => {
    const body = { gpuType: "h100", gpus: 2, durationSeconds: 3_600, name };
    ids[name] = (await client.call("createReservation", { body })).id;
  };
  const of = (name: string) => {
    const reservationId = ids[name];
    assert.ok(reservationId);
    return { params: { reservationId } };
  };
  const states = (wanted: Readonly<Record<string, number>>) => statesAre(rows, wanted, 60_000);
  const onceReady = async () => {
    const told = await rows.query(
      "select reservation_id from events where type = 'reservation.ready' group by 1 having count(*) > 1",
    );
    assert.deepEqual(told.rows, []);
  };

  it("upgrade: takes over what the previous version serves, while that one still runs", async () => {
    older = await startOld();
    viaOld = await older.signIn("ada");
    await reserve(viaOld, "from-the-old");
    await states({ ready: 1 });
    newer = await startNew();
    viaNew = await newer.signIn("ada");
    const before = await rows.query("select pod_uid from attempts where gone_at is null");
    await reserve(viaNew, "by-the-new");
    await reserve(viaOld, "by-the-old");
    await states({ ready: 3 });
    const after = await rows.query<{ pod_uid: string }>("select pod_uid from attempts");
    for (const { pod_uid } of before.rows as { pod_uid: string }[]) {
      assert.ok(after.rows.some((row) => row.pod_uid === pod_uid));
    }
    assert.equal((await sameRowsAsPods(rows, kubernetes)).length, 3);
  });

  it("each reads and changes what the other made", async () => {
    for (const client of [viaOld, viaNew]) {
      const { items } = await client.call("listReservations", { query: {} });
      assert.deepEqual(items.map(({ name }) => name).sort(), [
        "by-the-new",
        "by-the-old",
        "from-the-old",
      ]);
    }
    const body = { seconds: 900 };
    await viaOld.call("extendReservation", { ...of("by-the-new"), body });
    await viaNew.call("cancelReservation", of("from-the-old"));
    await states({ ready: 2, ended: 1 });
    await onceReady();
  });

  it("upgraded: the new version alone serves on", async () => {
    await older?.stop();
    await reserve(viaNew, "after-the-upgrade");
    await states({ ready: 3, ended: 1 });
  });

  it("rollback: the previous version serves on what the new one made, on the migrated database", async () => {
    older = await startOld();
    viaOld = await older.signIn("ada");
    await newer?.stop();
    await reserve(viaOld, "after-the-rollback");
    await states({ ready: 4, ended: 1 });
    assert.equal((await sameRowsAsPods(rows, kubernetes)).length, 4);
    for (const name of ["by-the-new", "by-the-old", "after-the-upgrade", "after-the-rollback"]) {
      await viaOld.call("cancelReservation", of(name));
    }
    await states({ ended: 5 });
    assert.deepEqual(await sameRowsAsPods(rows, kubernetes), []);
    for (const kind of ["secrets", "services"]) {
      assert.deepEqual(await objectsOf(kubernetes, kind), []);
    }
    await onceReady();
  });
});
