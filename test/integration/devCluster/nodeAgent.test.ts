import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { requireTool } from "../../support/requireTool.ts";
import type { ContainmentChoice } from "../../../dev-cluster/src/nodeAgent/containment.ts";
import {
  createClaim,
  createPod,
  createSecret,
  deletePod,
  getPod,
  NAMESPACE,
  waitForPodDeletion,
  waitForReadyPod,
  ssh,
  startAgentFixture,
  waitFor,
  type AgentFixture,
} from "./nodeAgentFixture.ts";

/** A daemon that detaches completely: its own session, its parent ended, no file of ours open. */
const DAEMON = "setsid sh -c 'sleep 7654 </dev/null >/dev/null 2>&1 &' </dev/null >/dev/null 2>&1";

for (const containment of ["auto", "plain"] satisfies ContainmentChoice[]) {
  describe(`dev-cluster node agent, containment ${containment}`, function () {
    this.timeout(60_000);
    let fixture: AgentFixture;

    before(async function () {
      requireTool(this, "ssh");
      fixture = await startAgentFixture(containment);
      await createSecret(fixture, "keys");
    });

    after(async () => {
      await fixture.stop();
    });

    it("registers its node with labels, GPUs and a taint, and keeps a lease", async () => {
      const node = await fixture.client.get<{
        metadata: { labels: Record<string, string> };
        spec: { taints: unknown };
        status: {
          allocatable: Record<string, string>;
          conditions: { type: string; status: string }[];
        };
      }>("/api/v1/nodes/gpu-node");
      assert.equal(node.metadata.labels["gpu-dev.io/type"], "h100");
      assert.equal(node.metadata.labels["topology.kubernetes.io/zone"], "us-east-2a");
      assert.equal(node.status.allocatable["nvidia.com/gpu"], "8");
      const taint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" };
      assert.deepEqual(node.spec.taints, [taint]);
      assert.equal(node.status.conditions.find(({ type }) => type === "Ready")?.status, "True");
      const first = await renewTime(fixture);
      await waitFor("the lease is renewed", async () =>
        (await renewTime(fixture)) === first ? undefined : true,
      );
    });

    it("R2: deletion ends every process of the pod, also a daemon that left its session", async () => {
      await createPod(fixture, { name: "daemon", secret: "keys" });
      const pod = await waitForReadyPod(fixture, "daemon");
      await ssh(fixture, pod, [DAEMON]);
      const { uid } = pod.metadata;
      await waitFor("the daemon runs", () =>
        commandsOf(uid).some((line) => line.startsWith("sleep 7654")) ? true : undefined,
      );
      await deletePod(fixture, "daemon");
      await waitForPodDeletion(fixture, "daemon");
      assert.deepEqual(commandsOf(uid), []);
      assert.deepEqual(readdirSync(`${fixture.dataDir}/nodes/gpu-node/pods`).includes(uid), false);
    });

    it("R8: a container killed for memory restarts, and its status shows why", async () => {
      const created = await createPod(fixture, { name: "oom", command: ["sleep", "3600"] });
      await waitForReadyPod(fixture, "oom");
      fixture.faults.oomKill({ namespace: NAMESPACE, pod: "oom" });
      const status = await waitFor("it is restarted", async () => {
        const found = (await getPod(fixture, "oom"))?.status?.containerStatuses?.[0];
        return found?.restartCount === 1 && found.ready ? found : undefined;
      });
      assert.equal(status.lastState.terminated?.reason, "OOMKilled");
      assert.equal(status.lastState.terminated.exitCode, 137);
      assert.equal((await getPod(fixture, "oom"))?.metadata.uid, created.metadata.uid);
      await deletePod(fixture, "oom");
      await waitForPodDeletion(fixture, "oom");
    });

    it("a stopped agent leaves no process; the next one starts the pod again on the same files", async () => {
      await createClaim(fixture, "disk");
      await createPod(fixture, { name: "kept", gpus: 2, secret: "keys", claim: "disk" });
      const pod = await waitForReadyPod(fixture, "kept");
      const gpus = (await ssh(fixture, pod, ["echo kept > note; nvidia-smi -L"])).stdout;
      assert.match(gpus, /^GPU 0: .*\nGPU 1: /);
      await fixture.stopAgents();
      assert.deepEqual(commandsOf(pod.metadata.uid), []);
      await fixture.startAgents();
      const again = await waitFor("it runs again", async () => {
        const found = await getPod(fixture, "kept");
        const container = found?.status?.containerStatuses?.[0];
        return container?.restartCount === 1 && container.ready ? found : undefined;
      });
      assert.equal(again.status?.podIP, pod.status?.podIP);
      const after = await ssh(fixture, again, ["cat note; nvidia-smi -L"]);
      assert.equal(after.stdout, `kept\n${gpus}`);
      await deletePod(fixture, "kept");
      await waitForPodDeletion(fixture, "kept");
    });
  });
}

async function renewTime({ client }: AgentFixture): Promise<string> {
  const path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/gpu-node";
  return (await client.get<{ spec: { renewTime: string } }>(path)).spec.renewTime;
}

/** Command lines of all processes that carry the pod's marker, found independently of the agent. */
function commandsOf(uid: string): string[] {
  const found: string[] = [];
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const environment = readFileSync(`/proc/${name}/environ`, "latin1");
      if (!environment.includes(uid)) continue;
      found.push(readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " "));
    } catch {
      // Ended meanwhile.
    }
  }
  return found;
}
