import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { pino } from "pino";
import { rows } from "../../../control-plane/src/store/database.ts";
import { startTestPostgres, type TestPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { container } from "./handKubelet.ts";
import { bound, firstPod } from "./lives.ts";
import { runReconcilers } from "./running.ts";
import { scalar, startWorld, type World } from "./world.ts";

const SESSIONS =
  "select count(*)::int as value from pg_stat_activity where datname = current_database()";

describe("reconcilers at work", function () {
  this.timeout(120_000);
  let world: World;
  let postgres: TestPostgres | undefined;
  let reconcilers: { stop(): Promise<void> } | undefined;
  const begin = async (own?: TestPostgres) => {
    world = await startWorld(own ? { postgres: own } : {});
    await world.kubelet.addNode("h100-1", "h100", 8);
  };
  afterEach(async () => {
    await reconcilers?.stop();
    await world.stop();
    await postgres?.remove();
    reconcilers = postgres = undefined;
  });

  const reserved = async (gpus = 1): Promise<ReservationId> => {
    const id = await world.reserve({ gpus });
    await rows(world.database, "select graphile_worker.add_job('plan', '{\"key\": \"h100\"}')");
    return id;
  };
  const isIn = (id: ReservationId, at: string) =>
    waitFor(
      async () => {
        const { state, phase } = await world.read(id);
        return [state, phase].filter(Boolean).join("/") === at;
      },
      { timeoutMs: 30_000, describe: at },
    );
  const pulling = async (id: ReservationId) => {
    await bound(world, firstPod(id));
    const waiting = { reason: "ContainerCreating", message: "" };
    const containerStatuses = [container({ state: { waiting } })];
    await world.kubelet.report(firstPod(id), { phase: "Pending", containerStatuses });
    await isIn(id, "starting/pulling");
  };
  const becomesReady = async (id: ReservationId) => {
    await bound(world, firstPod(id));
    await world.kubelet.run(firstPod(id));
    await isIn(id, "ready");
  };

  it("R5: three that pull for long leave the only worker, and the database, to a fourth", async () => {
    await begin();
    reconcilers = await runReconcilers(world, { concurrency: 1 });
    const slow = [await reserved(), await reserved(), await reserved()];
    for (const id of slow) await pulling(id);
    const long: unknown[] = [];
    const turns = new Map<string, Set<string>>();
    const looked = async () => {
      long.push(
        ...(await rows(
          world.database,
          `select pid, state, query from pg_stat_activity
           where datname = current_database() and xact_start < now() - interval '3 seconds'
           union all select null, 'locked', key from graphile_worker.jobs where locked_at < now() - interval '3 seconds'`,
        )),
      );
      const timers = await rows<{ key: string; at: Date }>(
        world.database,
        "select key, run_at as at from graphile_worker.jobs where key like 'reservation/%/timer'",
      );
      for (const { key, at } of timers) {
        turns.set(key, (turns.get(key) ?? new Set()).add(at.toISOString()));
      }
      // Each was looked at, and will be again, while it pulls.
      return slow.every((id) => (turns.get(`reservation/${id}/timer`)?.size ?? 0) >= 3);
    };
    const fast = await reserved();
    const ready = becomesReady(fast);
    await waitFor(looked, { timeoutMs: 60_000, describe: "each to be looked at three times" });
    await ready;
    assert.deepEqual(long, []);
    for (const id of slow) assert.equal((await world.read(id)).phase, "pulling");
    for (const id of slow) await becomesReady(id);
  });

  it("R10: PostgreSQL refuses connections for a while: work resumes, and no connection is left behind", async () => {
    postgres = await startTestPostgres({ durable: true });
    await begin(postgres);
    const said: string[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => said.push(line) });
    reconcilers = await runReconcilers(world, { log });
    const before = await reserved();
    await becomesReady(before);
    const asked = await reserved();
    await bound(world, firstPod(asked));
    const sessions = () => scalar<number>(world.database, SESSIONS);
    const most = await sessions();

    for (const mode of ["fast", "immediate"] as const) {
      await postgres.server.stop(mode);
      said.length = 0;
      // The worker pool, the timers and the hints each met it; the pool is started anew again and again.
      await waitFor(() => said.filter((line) => line.includes("ECONNREFUSED")).length >= 8, {
        ...{ timeoutMs: 60_000, describe: "eight refusals to be logged" },
      });
      await postgres.server.start();
      await waitFor(() => sessions(), { timeoutMs: 30_000, describe: "the database to answer" });
      const next = await reserved();
      await becomesReady(next);
    }
    await becomesReady(asked);
    assert.equal((await world.read(before)).state, "ready");
    await waitFor(async () => (await sessions()) <= most, {
      ...{ timeoutMs: 60_000, describe: `at most ${String(most)} sessions, as before` },
    });
    // They work meanwhile: one between two statements is no leak, and one that was left behind stays.
    const idle = `select count(*)::int as value from pg_stat_activity
      where datname = current_database() and state like 'idle in%'`;
    await waitFor(async () => (await scalar<number>(world.database, idle)) === 0, {
      describe: "no transaction to be left open",
    });
    await reconcilers.stop();
    reconcilers = undefined;
    // What is left is the test's own pool.
    await waitFor(async () => (await sessions()) <= 10, { describe: "its sessions to end" });
    const beats = await rows(world.database, "select worker_id from worker_heartbeats");
    assert.deepEqual(beats, []);
  });
});
