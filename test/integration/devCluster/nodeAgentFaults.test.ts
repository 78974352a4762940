import assert from "node:assert/strict";
import {
  createPod,
  createSecret,
  deletePod,
  getPod,
  podIsGone,
  NAMESPACE,
  readyPod,
  ssh,
  startBench,
  waitFor,
  type Bench,
} from "./nodeAgentFixture.ts";
import { requireTool } from "../../support/requireTool.ts";

describe("dev-cluster node agent under faults", function () {
  this.timeout(60_000);
  let bench: Bench;

  before(async function () {
    requireTool(this, "ssh");
    bench = await startBench();
    await createSecret(bench, "keys");
  });

  after(async () => {
    await bench.stop();
  });

  it("R6: a failed pull is reported, and succeeds once the fault ends", async () => {
    const image = "registry.example/pause:1";
    bench.faults.addFailPull({ id: "no-pull", failPull: image });
    await createPod(bench, { name: "pull", image });
    await waitFor("the pull is reported as failed", async () => {
      const state = (await getPod(bench, "pull"))?.status?.containerStatuses?.[0]?.state;
      return state?.waiting?.reason === "ErrImagePull" ? true : undefined;
    });
    assert.equal((await getPod(bench, "pull"))?.status?.phase, "Pending");
    bench.faults.removePull("no-pull");
    await readyPod(bench, "pull");
    const reasons = await eventReasons(bench, "pull");
    for (const reason of ["Pulling", "Failed", "Pulled", "Started"]) {
      assert.ok(reasons.includes(reason), `no ${reason} among ${reasons.join(", ")}`);
    }
    await deletePod(bench, "pull");
    await podIsGone(bench, "pull");
  });

  it("assigns each GPU to one pod only, and reuses it afterwards", async () => {
    for (const name of ["a", "b"]) {
      await createPod(bench, { name, gpus: 4, secret: "keys" });
    }
    const uuids: string[] = [];
    for (const name of ["a", "b"]) {
      const pod = await readyPod(bench, name);
      uuids.push(
        ...(await ssh(bench, pod, ["echo $NVIDIA_VISIBLE_DEVICES"])).stdout.trim().split(","),
      );
    }
    assert.equal(new Set(uuids).size, 8);
    for (const name of ["a", "b"]) await deletePod(bench, name);
    for (const name of ["a", "b"]) await podIsGone(bench, name);
    await createPod(bench, { name: "all", gpus: 8, command: ["sleep", "3600"] });
    await readyPod(bench, "all");
    await deletePod(bench, "all");
    await podIsGone(bench, "all");
  });

  it("refuses a bound pod that exceeds its GPUs", async () => {
    await createPod(bench, { name: "full", gpus: 8, command: ["sleep", "3600"] });
    await readyPod(bench, "full");
    const quantities = { "nvidia.com/gpu": "1" };
    await bench.client.create(`/api/v1/namespaces/${NAMESPACE}/pods`, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "over" },
      spec: {
        nodeName: "gpu-node",
        containers: [
          { name: "main", image: "pause", resources: { requests: quantities, limits: quantities } },
        ],
      },
    });
    const status = await waitFor("it is refused", async () => {
      const found = (await getPod(bench, "over"))?.status;
      return found?.phase === "Failed" ? found : undefined;
    });
    assert.equal(status.reason, "OutOfnvidia.com/gpu");
    for (const name of ["over", "full"]) await deletePod(bench, name);
    for (const name of ["over", "full"]) await podIsGone(bench, name);
  });

  it("N5: a key removed from the Secret stops working in the running pod", async () => {
    await createSecret(bench, "changing");
    await createPod(bench, { name: "keys", secret: "changing" });
    const pod = await readyPod(bench, "keys");
    assert.equal((await ssh(bench, pod, ["true"])).code, 0);
    await bench.client.mergePatch(`/api/v1/namespaces/${NAMESPACE}/secrets/changing`, {
      data: { authorized_keys: Buffer.from("# nobody\n").toString("base64") },
    });
    await waitFor("the key is refused", async () =>
      (await ssh(bench, pod, ["true"])).code === 255 ? true : undefined,
    );
    await deletePod(bench, "keys");
    await podIsGone(bench, "keys");
  });

  it("R8: a lost node keeps its processes, and cleans up when it returns", async () => {
    await createPod(bench, { name: "lost", secret: "keys" });
    const pod = await readyPod(bench, "lost");
    bench.faults.setNodeLost("gpu-node", true);
    await deletePod(bench, "lost");
    assert.equal((await ssh(bench, pod, ["echo alive"])).stdout, "alive\n");
    assert.notEqual((await getPod(bench, "lost"))?.metadata.deletionTimestamp, undefined);
    bench.faults.setNodeLost("gpu-node", false);
    await podIsGone(bench, "lost");
    assert.equal((await ssh(bench, pod, ["true"])).code, 255);
  });

  it("R6: reports why a pod waits for a Secret, and starts it once the Secret exists", async () => {
    await createPod(bench, { name: "early", secret: "late" });
    await waitFor("the event", async () =>
      (await eventReasons(bench, "early")).includes("FailedMount") ? true : undefined,
    );
    await createSecret(bench, "late");
    await readyPod(bench, "early");
    await deletePod(bench, "early");
    await podIsGone(bench, "early");
  });
});

async function eventReasons({ client }: Bench, pod: string): Promise<string[]> {
  const { items } = await client.get<{
    items: { reason: string; involvedObject: { name: string } }[];
  }>(`/api/v1/namespaces/${NAMESPACE}/events`);
  return items.filter((event) => event.involvedObject.name === pod).map(({ reason }) => reason);
}
