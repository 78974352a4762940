import assert from "node:assert/strict";
import { Hour, Minute, Second } from "@gpu-dev/shared/durations.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { sharedPostgres } from "../../support/postgres.ts";
import {
  nothingIsHeld,
  sameRowsAsPods,
  sameRowsAsSecretsAndServices,
  statesAre,
} from "../support/rowsAndObjects.ts";
import { holdSteps, startInstallation, type Installation, type Version } from "./installation.ts";
import { hasPrevious, runToEnd, writePrevious, writeThis } from "./versions.ts";

/** Schema changes that a release may make while the previous version still uses the database. */
const ADDED = `alter table reservations add column added_by_next text, add column counted integer not null default 0;
create table added_by_next (id text primary key references reservations (id));
create index added_by_next_counted on reservations (counted);`;
const BREAKING = "-- breaking\nalter table reservations rename column name to title;";

/** A rolling upgrade and a rollback: processes of two versions on one database and one cluster. */
describe("two versions side by side", function () {
  this.timeout(3 * Minute.ms);
  let installation: Installation;
  let mains: Record<"previous" | "next", string>;
  let older: Version;
  let newer: Version;
  const ids: Record<string, ReservationId> = {};

  before(async function () {
    if (!hasPrevious()) {
      process.stdout.write(
        "  skipped: this clone does not contain the previous version's commit\n",
      );
      this.skip();
    }
    installation = await startInstallation();
    const { directory } = installation.kubernetes;
    mains = {
      previous: writePrevious(directory),
      next: writeThis(directory, "next", { added_by_next: ADDED }),
    };
  });
  after(() => installation.stop());

  const reserve = async ({ client }: Version, name: string) => {
    const body = { gpuType: "h100", gpus: 2, durationSeconds: Hour.seconds, name };
    return (ids[name] = (await client.call("createReservation", { body })).id);
  };
  const idOf = (name: string): ReservationId => {
    const id = ids[name];
    assert.ok(id);
    return id;
  };
  const cancel = async ({ client }: Version, name: string) => {
    await client.call("cancelReservation", { params: { reservationId: idOf(name) } });
  };
  const states = (wanted: Readonly<Record<string, number>>) =>
    statesAre(installation.rows, wanted, 90 * Second.ms);
  /** Asserts that rows and objects agree. Returns the pods' UIDs by name. */
  const readPods = async () => {
    const { rows, kubernetes } = installation;
    const pods = await sameRowsAsPods(rows, kubernetes);
    await sameRowsAsSecretsAndServices(rows, kubernetes);
    return new Map(pods.map(({ name, uid }) => [name, uid]));
  };
  const unchanged = (before: Map<string, string>, after: Map<string, string>) => {
    for (const [name, uid] of before) assert.equal(after.get(name), uid, name);
  };
  const assertNoDuplicateEvents = async () => {
    const duplicates = await installation.rows.query(
      `select reservation_id, type from events
       where type in ('reservation.placed', 'reservation.ready', 'reservation.stopping', 'reservation.ended', 'reservation.failed')
       group by 1, 2 having count(*) > 1`,
    );
    assert.deepEqual(duplicates.rows, []);
  };
  const isMigrated = async () => {
    const { rows } = await installation.rows.query<{ file: string }>(
      "select file from migrations order by number",
    );
    return rows.map(({ file }) => file).some((file) => file.endsWith("_added_by_next.sql"));
  };

  it("upgrade: the new version serves the previous one's reservations while that one runs on the migrated database", async () => {
    older = await installation.start(mains.previous);
    await reserve(older, "from-the-old");
    await states({ ready: 1 });
    assert.equal(await isMigrated(), false);
    const before = await readPods();
    newer = await installation.start(mains.next);
    assert.equal(await isMigrated(), true);
    await reserve(newer, "by-the-new");
    await reserve(older, "by-the-old");
    await states({ ready: 3 });
    const after = await readPods();
    assert.deepEqual([before.size, after.size], [1, 3]);
    unchanged(before, after);
  });

  it("each version reads and changes the other's reservations", async () => {
    for (const { client } of [older, newer]) {
      const { items } = await client.call("listReservations", { query: {} });
      assert.deepEqual(items.map(({ name }) => name).sort(), [
        "by-the-new",
        "by-the-old",
        "from-the-old",
      ]);
    }
    const extension = {
      params: { reservationId: idOf("by-the-new") },
      body: { seconds: 15 * Minute.seconds },
    };
    await older.client.call("extendReservation", extension);
    const before = await readPods();
    await cancel(newer, "from-the-old");
    await states({ ready: 2, ended: 1 });
    const after = await readPods();
    assert.equal(after.size, 2);
    unchanged(after, before);
    await assertNoDuplicateEvents();
  });

  it("R4: upgrade: this version completes the steps that the previous one was killed in", async () => {
    await newer.process.stop();
    await reserve(older, "to-be-removed");
    await states({ ready: 3, ended: 1 });
    const kept = await readPods();
    await holdSteps(older, installation.rows, {
      reserve: () => reserve(older, "started-by-the-old"),
      ready: [idOf("by-the-old"), idOf("to-be-removed")],
    });
    newer = await installation.start(mains.next);
    await older.process.stop("SIGKILL");
    await states({ ready: 2, ended: 3 });
    const after = await readPods();
    const name = `gd-${idOf("by-the-new")}-0-1`;
    assert.equal(after.get(name), kept.get(name));
    assert.ok(after.has(`gd-${idOf("started-by-the-old")}-0-1`));
    await assertNoDuplicateEvents();
  });

  it("R4: rollback: the previous version completes the steps that this one was killed in", async () => {
    await reserve(newer, "after-the-upgrade");
    await reserve(newer, "to-be-removed-too");
    await states({ ready: 4, ended: 3 });
    const kept = await readPods();
    await holdSteps(newer, installation.rows, {
      reserve: () => reserve(newer, "started-by-the-new"),
      ready: [idOf("after-the-upgrade"), idOf("to-be-removed-too")],
    });
    older = await installation.start(mains.previous);
    await newer.process.stop("SIGKILL");
    await reserve(older, "after-the-rollback");
    await states({ ready: 4, ended: 5 });
    const after = await readPods();
    for (const name of ["by-the-new", "started-by-the-old"]) {
      const pod = `gd-${idOf(name)}-0-1`;
      assert.equal(after.get(pod), kept.get(pod));
    }
    assert.ok(after.has(`gd-${idOf("started-by-the-new")}-0-1`));
    for (const name of [
      "by-the-new",
      "started-by-the-old",
      "started-by-the-new",
      "after-the-rollback",
    ]) {
      await cancel(older, name);
    }
    await states({ ended: 9 });
    await nothingIsHeld(installation.rows, installation.kubernetes);
    await assertNoDuplicateEvents();
  });

  it("refuses a database with a newer breaking migration and changes nothing", async () => {
    const database = await (await sharedPostgres()).createDatabase("empty");
    try {
      const { directory } = installation.kubernetes;
      const breaking = writeThis(directory, "breaking", {
        added_by_next: ADDED,
        renamed: BREAKING,
      });
      const migrate = ["--role", "migrate"];
      assert.deepEqual(await runToEnd(breaking, migrate, database.url), { code: 0, stderr: "" });
      for (const main of [mains.previous, mains.next]) {
        for (const role of ["migrate", "reconcilers"]) {
          const args = ["--role", role, "--kubeconfig", installation.kubernetes.kubeconfigPath];
          const { code, stderr } = await runToEnd(main, args, database.url);
          assert.equal(code, 1, role);
          assert.match(
            stderr,
            /migrated by a newer version \(\d{4}_renamed\.sql\).* start that version or a later one/,
          );
        }
      }
      assert.deepEqual(await runToEnd(breaking, migrate, database.url), { code: 0, stderr: "" });
    } finally {
      await database.drop();
    }
  });
});
