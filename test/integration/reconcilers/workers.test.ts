import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { pino } from "pino";
import { rows } from "../../../control-plane/src/store/database.ts";
import { startTestPostgres, type TestPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { container } from "./manualKubelet.ts";
import { bound, firstPod, runReconcilers } from "./lifecycle.ts";
import { scalar, startFixture, type Fixture } from "./fixture.ts";

const SESSIONS =
  "select count(*)::int as value from pg_stat_activity where datname = current_database()";

describe("the worker pool", function () {
  this.timeout(120_000);
  let fixture: Fixture;
  let postgres: TestPostgres | undefined;
  let reconcilers: { stop(): Promise<void> } | undefined;
  const start = async (own?: TestPostgres) => {
    fixture = await startFixture(own ? { postgres: own } : {});
    await fixture.kubelet.addNode("h100-1", "h100", 8);
  };
  afterEach(async () => {
    await reconcilers?.stop();
    await fixture.stop();
    await postgres?.remove();
    reconcilers = postgres = undefined;
  });

  const reserved = async (gpus = 1): Promise<ReservationId> => {
    const id = await fixture.reserve({ gpus });
    await rows(fixture.database, "select graphile_worker.add_job('plan', '{\"key\": \"h100\"}')");
    return id;
  };
  const isIn = (id: ReservationId, at: string) =>
    waitFor(
      async () => {
        const { state, phase } = await fixture.read(id);
        return [state, phase].filter(Boolean).join("/") === at;
      },
      { timeoutMs: 30_000, describe: at },
    );
  const pulling = async (id: ReservationId) => {
    await bound(fixture, firstPod(id));
    const waiting = { reason: "ContainerCreating", message: "" };
    const containerStatuses = [container({ state: { waiting } })];
    await fixture.kubelet.report(firstPod(id), { phase: "Pending", containerStatuses });
    await isIn(id, "starting/pulling");
  };
  const becomesReady = async (id: ReservationId) => {
    await bound(fixture, firstPod(id));
    await fixture.kubelet.run(firstPod(id));
    await isIn(id, "ready");
  };

  it("R5: three slow pulls leave the only worker and the database to a fourth reservation", async () => {
    await start();
    reconcilers = await runReconcilers(fixture, { concurrency: 1 });
    const slow = [await reserved(), await reserved(), await reserved()];
    for (const id of slow) await pulling(id);
    const long: unknown[] = [];
    const checks = new Map<string, Set<string>>();
    const allChecked = async () => {
      long.push(
        ...(await rows(
          fixture.database,
          `select pid, state, query from pg_stat_activity
           where datname = current_database() and xact_start < now() - interval '3 seconds'
           union all select null, 'locked', key from graphile_worker.jobs where locked_at < now() - interval '3 seconds'`,
        )),
      );
      const timers = await rows<{ key: string; at: Date }>(
        fixture.database,
        "select key, run_at as at from graphile_worker.jobs where key like 'reservation/%/timer'",
      );
      for (const { key, at } of timers) {
        checks.set(key, (checks.get(key) ?? new Set()).add(at.toISOString()));
      }
      // Each is checked repeatedly while it pulls.
      return slow.every((id) => (checks.get(`reservation/${id}/timer`)?.size ?? 0) >= 3);
    };
    const fast = await reserved();
    const ready = becomesReady(fast);
    await waitFor(allChecked, { timeoutMs: 60_000, describe: "three checks of each" });
    await ready;
    assert.deepEqual(long, []);
    for (const id of slow) assert.equal((await fixture.read(id)).phase, "pulling");
    for (const id of slow) await becomesReady(id);
  });

  it("R10: after PostgreSQL refused connections for a while, work resumes and no connection is leaked", async () => {
    postgres = await startTestPostgres({ durable: true });
    await start(postgres);
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => lines.push(line) });
    reconcilers = await runReconcilers(fixture, { log });
    const before = await reserved();
    await becomesReady(before);
    const requested = await reserved();
    await bound(fixture, firstPod(requested));
    const sessions = () => scalar<number>(fixture.database, SESSIONS);
    const most = await sessions();

    for (const mode of ["fast", "immediate"] as const) {
      await postgres.server.stop(mode);
      lines.length = 0;
      // The worker pool, the timers and the hints all fail; the pool is restarted repeatedly.
      await waitFor(() => lines.filter((line) => line.includes("ECONNREFUSED")).length >= 8, {
        timeoutMs: 60_000,
        describe: "eight refusals to be logged",
      });
      await postgres.server.start();
      await waitFor(() => sessions(), { timeoutMs: 30_000, describe: "the database to respond" });
      const next = await reserved();
      await becomesReady(next);
    }
    await becomesReady(requested);
    assert.equal((await fixture.read(before)).state, "ready");
    await waitFor(async () => (await sessions()) <= most, {
      timeoutMs: 60_000,
      describe: `at most ${String(most)} sessions, as before`,
    });
    // The reconcilers keep working: a transaction between two statements is not a leak; a leaked
    // one remains.
    const idle = `select count(*)::int as value from pg_stat_activity
      where datname = current_database() and state like 'idle in%'`;
    await waitFor(async () => (await scalar<number>(fixture.database, idle)) === 0, {
      describe: "no transaction to be left open",
    });
    await reconcilers.stop();
    reconcilers = undefined;
    // Only the test's own pool remains.
    await waitFor(async () => (await sessions()) <= 10, { describe: "its sessions to end" });
    const beats = await rows(fixture.database, "select worker_id from worker_heartbeats");
    assert.deepEqual(beats, []);
  });
});
