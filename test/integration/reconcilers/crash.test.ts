import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { ReconcilerContext } from "../../../control-plane/src/reconcilers/context.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { assertOver, bound, claimOf, settle } from "./lifecycle.ts";
import { scalar, startFixture, type Fixture } from "./fixture.ts";

class SimulatedCrash extends Error {}

/**
 * The same context in a process that is killed at its n-th point. Every call to the cluster,
 * statement and transaction is a step with two points: before it happens (odd), and after it
 * happened but before its result is known (even). From then on that process does nothing, as after
 * a SIGKILL.
 */
function killedContext(context: ReconcilerContext, crashAt: number) {
  const process = { steps: 0, isDead: false };
  const step = async (work: () => Promise<unknown>): Promise<unknown> => {
    process.steps += 1;
    if (process.isDead || process.steps * 2 - 1 === crashAt) {
      process.isDead = true;
      throw new SimulatedCrash();
    }
    const pointAfter = process.steps * 2;
    const result = await work();
    if (pointAfter === crashAt) process.isDead = true;
    if (process.isDead) throw new SimulatedCrash();
    return result;
  };
  const wrap = <Target extends object>(target: Target, names: readonly PropertyKey[] | "all") =>
    new Proxy(target, {
      get: (on, name) => {
        const value: unknown = Reflect.get(on, name);
        if (typeof value !== "function") return value;
        const call = value as (...parameters: unknown[]) => Promise<unknown>;
        if (names !== "all" && !names.includes(name)) return call.bind(on);
        return (...parameters: unknown[]) => step(() => call.apply(on, parameters));
      },
    });
  const cluster = wrap(context.cluster, "all");
  const inTransactions = wrap(context.database, ["transaction"]);
  const database = new Proxy(inTransactions, {
    // A statement is sent only when its result is awaited, which is after its options are set.
    get: (on, name) =>
      name === "raw"
        ? (...[sql, bindings]: [string, []]) => ({
            options: (given: Record<string, unknown>) =>
              step(async () => on.raw<unknown>(sql, bindings).options(given)),
          })
        : (Reflect.get(on, name) as unknown),
  });
  return { process, context: { ...context, cluster, database } };
}

describe("a reconciler that is killed between any two steps", () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await startFixture();
    await fixture.kubelet.addNode("h100-1", "h100", 8);
    await fixture.reconcile("capacity");
  });
  after(() => fixture.stop());

  /** Runs one reconciler in a process that is killed at the point `crashAt`. */
  async function runKilled(name: "plan" | "reservation", key: string, crashAt: number) {
    const { context, process } = killedContext(fixture.context, crashAt);
    try {
      await REGISTRY[name](context, key);
    } catch (error) {
      assert.ok(error instanceof SimulatedCrash, String(error));
    }
    return process;
  }

  /**
   * One reservation from start to end: each run is killed at the given point, if it gets that far,
   * and then repeated.
   */
  async function live(crashAt: number): Promise<{ died: boolean; id: ReservationId }> {
    const id = await fixture.reserve({ disk: "survivor", gpus: 8 });
    let died = false;
    const both = async (name: "plan" | "reservation", key: string) => {
      died = (await runKilled(name, key, crashAt)).isDead || died;
      await fixture.reconcile(name, key);
    };
    await both("plan", "h100");
    await both("reservation", id);
    await fixture.kubelet.bindClaim(await claimOf(fixture, id), "us-east-2a");
    const pod = `gd-${id}-0-1`;
    await bound(fixture, pod);
    await fixture.kubelet.run(pod);
    await both("reservation", id);
    assert.equal((await fixture.read(id)).state, "ready");
    await fixture.cancel(id);
    await both("reservation", id);
    if (await fixture.kubelet.pod(pod)) await fixture.kubelet.finish(pod);
    await both("reservation", id);
    const row = TERMINAL.includes((await fixture.read(id)).state)
      ? await fixture.read(id)
      : await settle(fixture, id);
    assert.equal(row.endReason, "cancelled");
    return { died, id };
  }

  it("R4: after a kill at any step the next run completes the work; nothing is duplicated or left behind", async function () {
    this.timeout(120_000);
    let crashAt = 1;
    for (; crashAt < 100; crashAt += 1) {
      const { died, id } = await live(crashAt);
      await assertOver(fixture, id, [
        "reservation.placed",
        "reservation.ready",
        "reservation.stopping",
        "disk.released",
        "reservation.ended",
      ]);
      assert.equal((await fixture.attempts(id)).length, 1);
      if (!died) break;
    }
    assert.ok(crashAt > 20, `only ${String(crashAt)} steps were tried`);
    assert.ok(crashAt < 100, "the steps never ended");
    const claims = await rows(
      fixture.database,
      "select distinct claim_uid from disks where claim_uid is not null",
    );
    assert.equal(claims.length, 1, "one disk has one claim throughout");
    const objects = await fixture.kubelet.api.listNamespacedPersistentVolumeClaim({
      namespace: "gpu-dev",
    });
    assert.equal(objects.items.length, 1);
    assert.equal(
      await scalar<number>(
        fixture.database,
        "select count(*) as value from attempts where gone_at is null",
      ),
      0,
    );
  });
});
