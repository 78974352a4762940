import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import type { ReconcilerContext } from "../../../control-plane/src/reconcilers/context.ts";
import { REGISTRY } from "../../../control-plane/src/reconcilers/registry.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { assertOver, bound, claimOf, settle } from "./lives.ts";
import { scalar, startWorld, type World } from "./world.ts";

class SimulatedCrash extends Error {}

/**
 * The same context, whose process dies at its n-th step: every call to the cluster, statement and transaction is
 * a step, and dies before it happens (odd) or after it happened but before anybody learned of it (even). From
 * then on nothing of that process happens any more, as nothing does after a SIGKILL.
 */
function dyingContext(context: ReconcilerContext, crashAt: number) {
  const life = { steps: 0, dead: false };
  const step = async (work: () => Promise<unknown>): Promise<unknown> => {
    life.steps += 1;
    if (life.dead || life.steps * 2 - 1 === crashAt) {
      life.dead = true;
      throw new SimulatedCrash();
    }
    const mine = life.steps * 2;
    const result = await work();
    if (mine === crashAt) life.dead = true;
    if (life.dead) throw new SimulatedCrash();
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
    // A statement is sent only when its answer is waited for, which its options come before.
    get: (on, name) =>
      name === "raw"
        ? (...[sql, bindings]: [string, []]) => ({
            options: (given: Record<string, unknown>) =>
              step(async () => on.raw<unknown>(sql, bindings).options(given)),
          })
        : (Reflect.get(on, name) as unknown),
  });
  return { life, context: { ...context, cluster, database } };
}

describe("a reconciler that is killed between any two steps", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.kubelet.addNode("h100-1", "h100", 8);
    await world.reconcile("capacity");
  });
  after(() => world.stop());

  /** Runs one reconciler in a process that dies at its step `crashAt`; says whether it died. */
  async function runDying(name: "plan" | "reservation", key: string, crashAt: number) {
    const { context, life } = dyingContext(world.context, crashAt);
    try {
      await REGISTRY[name](context, key);
    } catch (error) {
      assert.ok(error instanceof SimulatedCrash, String(error));
    }
    return life;
  }

  /** One life: every run dies at the given step until that step is never reached; then clean runs finish it. */
  async function live(crashAt: number): Promise<{ died: boolean; id: ReservationId }> {
    const id = await world.reserve({ disk: "survivor", gpus: 8 });
    let died = false;
    const both = async (name: "plan" | "reservation", key: string) => {
      died = (await runDying(name, key, crashAt)).dead || died;
      await world.reconcile(name, key);
    };
    await both("plan", "h100");
    await both("reservation", id);
    await world.kubelet.bindClaim(await claimOf(world, id), "us-east-2a");
    const pod = `gd-${id}-0-1`;
    await bound(world, pod);
    await world.kubelet.run(pod);
    await both("reservation", id);
    assert.equal((await world.read(id)).state, "ready");
    await world.cancel(id);
    await both("reservation", id);
    if (await world.kubelet.pod(pod)) await world.kubelet.finish(pod);
    await both("reservation", id);
    const row = TERMINAL.includes((await world.read(id)).state)
      ? await world.read(id)
      : await settle(world, id);
    assert.equal(row.endReason, "cancelled");
    return { died, id };
  }

  it("R4: killed at every step in turn, the next run finishes it: nothing doubled, nothing left", async function () {
    this.timeout(120_000);
    let crashAt = 1;
    for (; crashAt < 100; crashAt += 1) {
      const { died, id } = await live(crashAt);
      await assertOver(world, id, [
        "reservation.placed",
        "reservation.ready",
        "reservation.stopping",
        "disk.released",
        "reservation.ended",
      ]);
      assert.equal((await world.attempts(id)).length, 1);
      if (!died) break;
    }
    assert.ok(crashAt > 20, `only ${String(crashAt)} steps were tried`);
    assert.ok(crashAt < 100, "the steps never ended");
    const claims = await rows(
      world.database,
      "select distinct claim_uid from disks where claim_uid is not null",
    );
    assert.equal(claims.length, 1, "one disk, one claim, all the time");
    const objects = await world.kubelet.api.listNamespacedPersistentVolumeClaim({
      namespace: "gpu-dev",
    });
    assert.equal(objects.items.length, 1);
    assert.equal(
      await scalar<number>(
        world.database,
        "select count(*) as value from attempts where gone_at is null",
      ),
      0,
    );
  });
});
