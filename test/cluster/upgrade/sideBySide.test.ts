import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { sharedPostgres } from "../../support/postgres.ts";
import {
  nothingIsHeld,
  sameRowsAsPods,
  sameRowsAsSecretsAndServices,
  statesAre,
} from "../support/rowsAndObjects.ts";
import { holdMidway, startInstallation, type Installation, type Version } from "./installation.ts";
import { hasPrevious, runToEnd, writePrevious, writeThis } from "./versions.ts";

/** What a release may do to a database that the previous version goes on using. */
const ADDED = `alter table reservations add column of_the_next text, add column counted integer not null default 0;
create table of_the_next (id text primary key references reservations (id));
create index of_the_next_counted on reservations (counted);`;
const BREAKING = "-- breaking\nalter table reservations rename column name to title;";

/** As a rolling upgrade and a rollback go: processes of two versions on one database and one cluster. */
describe("this version beside the previous one", function () {
  this.timeout(180_000);
  let installation: Installation;
  let mains: Record<"previous" | "next", string>;
  let older: Version;
  let newer: Version;
  const ids: Record<string, ReservationId> = {};

  before(async function () {
    if (!hasPrevious()) {
      process.stdout.write(
        "  skipped: this clone has no history with the previous version in it\n",
      );
      this.skip();
    }
    installation = await startInstallation();
    const { directory } = installation.kubernetes;
    mains = {
      previous: writePrevious(directory),
      next: writeThis(directory, "next", { of_the_next: ADDED }),
    };
  });
  after(() => installation.stop());

  const reserve = async ({ client }: Version, name: string) => {
    const body = { gpuType: "h100", gpus: 2, durationSeconds: 3_600, name };
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
    statesAre(installation.rows, wanted, 90_000);
  /** Rows and objects agree; answers which pod each reservation has, by its UID. */
  const podsNow = async () => {
    const { rows, kubernetes } = installation;
    const pods = await sameRowsAsPods(rows, kubernetes);
    await sameRowsAsSecretsAndServices(rows, kubernetes);
    return new Map(pods.map(({ name, uid }) => [name, uid]));
  };
  const unchanged = (before: Map<string, string>, after: Map<string, string>) => {
    for (const [name, uid] of before) assert.equal(after.get(name), uid, name);
  };
  const eachToldOnce = async () => {
    const told = await installation.rows.query(
      `select reservation_id, type from events
       where type in ('reservation.placed', 'reservation.ready', 'reservation.stopping', 'reservation.ended', 'reservation.failed')
       group by 1, 2 having count(*) > 1`,
    );
    assert.deepEqual(told.rows, []);
  };
  const migrated = async () => {
    const { rows } = await installation.rows.query<{ file: string }>(
      "select file from migrations order by number",
    );
    return rows.map(({ file }) => file).some((file) => file.endsWith("_of_the_next.sql"));
  };

  it("upgrade: takes over what the previous version serves, while that one still runs on the migrated database", async () => {
    older = await installation.start(mains.previous);
    await reserve(older, "from-the-old");
    await states({ ready: 1 });
    assert.equal(await migrated(), false);
    const before = await podsNow();
    newer = await installation.start(mains.next);
    assert.equal(await migrated(), true);
    await reserve(newer, "by-the-new");
    await reserve(older, "by-the-old");
    await states({ ready: 3 });
    const after = await podsNow();
    assert.deepEqual([before.size, after.size], [1, 3]);
    unchanged(before, after);
  });

  it("each reads and changes what the other made", async () => {
    for (const { client } of [older, newer]) {
      const { items } = await client.call("listReservations", { query: {} });
      assert.deepEqual(items.map(({ name }) => name).sort(), [
        "by-the-new",
        "by-the-old",
        "from-the-old",
      ]);
    }
    const of = { params: { reservationId: idOf("by-the-new") }, body: { seconds: 900 } };
    await older.client.call("extendReservation", of);
    const before = await podsNow();
    await cancel(newer, "from-the-old");
    await states({ ready: 2, ended: 1 });
    const after = await podsNow();
    assert.equal(after.size, 2);
    unchanged(after, before);
    await eachToldOnce();
  });

  it("R4: what the previous version was in the middle of when it was killed is finished by this one", async () => {
    await newer.process.stop();
    await reserve(older, "to-be-removed");
    await states({ ready: 3, ended: 1 });
    const kept = await podsNow();
    await holdMidway(older, installation.rows, {
      reserve: () => reserve(older, "begun-by-the-old"),
      ready: [idOf("by-the-old"), idOf("to-be-removed")],
    });
    newer = await installation.start(mains.next);
    await older.process.stop("SIGKILL");
    await states({ ready: 2, ended: 3 });
    const after = await podsNow();
    const name = `gd-${idOf("by-the-new")}-0-1`;
    assert.equal(after.get(name), kept.get(name));
    assert.ok(after.has(`gd-${idOf("begun-by-the-old")}-0-1`));
    await eachToldOnce();
  });

  it("R4: rollback: what this version was in the middle of when it was killed is finished by the previous one", async () => {
    await reserve(newer, "after-the-upgrade");
    await reserve(newer, "to-be-removed-too");
    await states({ ready: 4, ended: 3 });
    const kept = await podsNow();
    await holdMidway(newer, installation.rows, {
      reserve: () => reserve(newer, "begun-by-the-new"),
      ready: [idOf("after-the-upgrade"), idOf("to-be-removed-too")],
    });
    older = await installation.start(mains.previous);
    await newer.process.stop("SIGKILL");
    await reserve(older, "after-the-rollback");
    await states({ ready: 4, ended: 5 });
    const after = await podsNow();
    for (const name of ["by-the-new", "begun-by-the-old"]) {
      const pod = `gd-${idOf(name)}-0-1`;
      assert.equal(after.get(pod), kept.get(pod));
    }
    assert.ok(after.has(`gd-${idOf("begun-by-the-new")}-0-1`));
    for (const name of [
      "by-the-new",
      "begun-by-the-old",
      "begun-by-the-new",
      "after-the-rollback",
    ]) {
      await cancel(older, name);
    }
    await states({ ended: 9 });
    await nothingIsHeld(installation.rows, installation.kubernetes);
    await eachToldOnce();
  });

  it("refuses a database that a newer version changed in a way that it cannot work with, and changes nothing", async () => {
    const database = await (await sharedPostgres()).createDatabase("empty");
    try {
      const { directory } = installation.kubernetes;
      const breaking = writeThis(directory, "breaking", { of_the_next: ADDED, renamed: BREAKING });
      const migrate = ["--role", "migrate"];
      assert.deepEqual(await runToEnd(breaking, migrate, database.url), { code: 0, said: "" });
      for (const main of [mains.previous, mains.next]) {
        for (const role of ["migrate", "reconcilers"]) {
          const args = ["--role", role, "--kubeconfig", installation.kubernetes.kubeconfigPath];
          const { code, said } = await runToEnd(main, args, database.url);
          assert.equal(code, 1, role);
          assert.match(
            said,
            /migrated by a newer version \(\d{4}_renamed\.sql\).* start that version or a later one/,
          );
        }
      }
      assert.deepEqual(await runToEnd(breaking, migrate, database.url), { code: 0, said: "" });
    } finally {
      await database.drop();
    }
  });
});
