import assert from "node:assert/strict";
import {
  createPod,
  createSecret,
  deletePod,
  getPod,
  waitForPodDeletion,
  NAMESPACE,
  waitForReadyPod,
  ssh,
  startAgentFixture,
  waitFor,
  type AgentFixture,
} from "./nodeAgentFixture.ts";
import { requireTool } from "../../support/requireTool.ts";

describe("dev-cluster node agent under faults", function () {
  this.timeout(60_000);
  let fixture: AgentFixture;

  before(async function () {
    requireTool(this, "ssh");
    fixture = await startAgentFixture();
    await createSecret(fixture, "keys");
  });

  after(async () => {
    await fixture.stop();
  });

  it("R6: a failed pull is reported, and succeeds once the fault ends", async () => {
    const image = "registry.example/pause:1";
    fixture.faults.addFailPull({ id: "no-pull", failPull: image });
    await createPod(fixture, { name: "pull", image });
    await waitFor("the pull is reported as failed", async () => {
      const state = (await getPod(fixture, "pull"))?.status?.containerStatuses?.[0]?.state;
      return state?.waiting?.reason === "ErrImagePull" ? true : undefined;
    });
    assert.equal((await getPod(fixture, "pull"))?.status?.phase, "Pending");
    fixture.faults.removePull("no-pull");
    await waitForReadyPod(fixture, "pull");
    const reasons = await eventReasons(fixture, "pull");
    for (const reason of ["Pulling", "Failed", "Pulled", "Started"]) {
      assert.ok(reasons.includes(reason), `no ${reason} among ${reasons.join(", ")}`);
    }
    await deletePod(fixture, "pull");
    await waitForPodDeletion(fixture, "pull");
  });

  it("assigns each GPU to one pod only, and reuses it afterwards", async () => {
    for (const name of ["a", "b"]) {
      await createPod(fixture, { name, gpus: 4, secret: "keys" });
    }
    const uuids: string[] = [];
    for (const name of ["a", "b"]) {
      const pod = await waitForReadyPod(fixture, name);
      uuids.push(
        ...(await ssh(fixture, pod, ["echo $NVIDIA_VISIBLE_DEVICES"])).stdout.trim().split(","),
      );
    }
    assert.equal(new Set(uuids).size, 8);
    for (const name of ["a", "b"]) await deletePod(fixture, name);
    for (const name of ["a", "b"]) await waitForPodDeletion(fixture, name);
    await createPod(fixture, { name: "all", gpus: 8, command: ["sleep", "3600"] });
    await waitForReadyPod(fixture, "all");
    await deletePod(fixture, "all");
    await waitForPodDeletion(fixture, "all");
  });

  it("refuses a bound pod that exceeds its GPUs", async () => {
    await createPod(fixture, { name: "full", gpus: 8, command: ["sleep", "3600"] });
    await waitForReadyPod(fixture, "full");
    const quantities = { "nvidia.com/gpu": "1" };
    await fixture.client.create(`/api/v1/namespaces/${NAMESPACE}/pods`, {
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
      const found = (await getPod(fixture, "over"))?.status;
      return found?.phase === "Failed" ? found : undefined;
    });
    assert.equal(status.reason, "OutOfnvidia.com/gpu");
    for (const name of ["over", "full"]) await deletePod(fixture, name);
    for (const name of ["over", "full"]) await waitForPodDeletion(fixture, name);
  });

  it("N5: a key removed from the Secret stops working in the running pod", async () => {
    await createSecret(fixture, "changing");
    await createPod(fixture, { name: "keys", secret: "changing" });
    const pod = await waitForReadyPod(fixture, "keys");
    assert.equal((await ssh(fixture, pod, ["true"])).code, 0);
    await fixture.client.mergePatch(`/api/v1/namespaces/${NAMESPACE}/secrets/changing`, {
      data: { authorized_keys: Buffer.from("# nobody\n").toString("base64") },
    });
    await waitFor("the key is refused", async () =>
      (await ssh(fixture, pod, ["true"])).code === 255 ? true : undefined,
    );
    await deletePod(fixture, "keys");
    await waitForPodDeletion(fixture, "keys");
  });

  it("R8: a lost node keeps its processes, and cleans up when it returns", async () => {
    await createPod(fixture, { name: "lost", secret: "keys" });
    const pod = await waitForReadyPod(fixture, "lost");
    fixture.faults.setNodeLost("gpu-node", true);
    await deletePod(fixture, "lost");
    assert.equal((await ssh(fixture, pod, ["echo alive"])).stdout, "alive\n");
    assert.notEqual((await getPod(fixture, "lost"))?.metadata.deletionTimestamp, undefined);
    fixture.faults.setNodeLost("gpu-node", false);
    await waitForPodDeletion(fixture, "lost");
    assert.equal((await ssh(fixture, pod, ["true"])).code, 255);
  });

  it("R6: reports why a pod waits for a Secret, and starts it once the Secret exists", async () => {
    await createPod(fixture, { name: "early", secret: "late" });
    await waitFor("the event", async () =>
      (await eventReasons(fixture, "early")).includes("FailedMount") ? true : undefined,
    );
    await createSecret(fixture, "late");
    await waitForReadyPod(fixture, "early");
    await deletePod(fixture, "early");
    await waitForPodDeletion(fixture, "early");
  });
});

async function eventReasons({ client }: AgentFixture, pod: string): Promise<string[]> {
  const { items } = await client.get<{
    items: { reason: string; involvedObject: { name: string } }[];
  }>(`/api/v1/namespaces/${NAMESPACE}/events`);
  return items.filter((event) => event.involvedObject.name === pod).map(({ reason }) => reason);
}
