import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
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
import { nodeNamed, startApi, type ApiFixture } from "./apiFixture.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { ApiClient } from "../../../dev-cluster/src/nodeAgent/apiClient.ts";
import { createProvisioner } from "../../../dev-cluster/src/storageAgent/provisioning.ts";
import { createRetries } from "../../../dev-cluster/src/storageAgent/retries.ts";
import { requireTool } from "../../support/requireTool.ts";
import type {
  PersistentVolume,
  PersistentVolumeClaim,
} from "../../../dev-cluster/src/nodeAgent/kubeTypes.ts";

describe("dev-cluster storage agent", function () {
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

  it("creates a volume only when a pod needs it, and the next pod finds the files", async () => {
    await createClaim(fixture, "disk");
    assert.equal((await claim(fixture, "disk")).status?.phase, "Pending");
    for (const [name, command] of [
      ["first", "echo kept > /workspace/note; echo dot > ~/.rc"],
      ["second", "cat /workspace/note ~/.rc"],
    ] as const) {
      await createPod(fixture, { name, secret: "keys", claim: "disk" });
      const { stdout } = await ssh(fixture, await waitForReadyPod(fixture, name), [command]);
      if (name === "second") assert.equal(stdout, "kept\ndot\n");
      await deletePod(fixture, name);
      await waitForPodDeletion(fixture, name);
    }
    const bound = await claim(fixture, "disk");
    assert.equal(bound.spec.volumeName, `pvc-${bound.metadata.uid}`);
    assert.equal(bound.status?.phase, "Bound");
  });

  it("D1: a second pod waits while another pod uses the disk", async () => {
    await createClaim(fixture, "single");
    await createPod(fixture, { name: "holder", secret: "keys", claim: "single" });
    await waitForReadyPod(fixture, "holder");
    await createPod(fixture, { name: "waiter", secret: "keys", claim: "single" });
    await waitFor("the reason on the waiting pod", async () => {
      const scheduled = (await getPod(fixture, "waiter"))?.status?.conditions?.find(
        ({ type }) => type === "PodScheduled",
      );
      return scheduled?.message?.includes("ReadWriteOncePod") === true ? true : undefined;
    });
    assert.equal((await getPod(fixture, "waiter"))?.status?.phase, "Pending");
    await deletePod(fixture, "holder");
    await waitForReadyPod(fixture, "waiter");
    await deletePod(fixture, "waiter");
    await waitForPodDeletion(fixture, "waiter");
  });

  it("D1: a second pod that is bound nevertheless does not start while another pod uses the disk", async () => {
    await createClaim(fixture, "two");
    await createPod(fixture, { name: "owner", secret: "keys", claim: "two" });
    await waitForReadyPod(fixture, "owner");
    await createPod(fixture, {
      name: "forced",
      secret: "keys",
      claim: "two",
      nodeName: "gpu-node",
    });
    await waitFor("the event with the reason", async () => {
      const { items } = await fixture.client.get<{ items: { message: string }[] }>(
        `/api/v1/namespaces/${NAMESPACE}/events`,
      );
      return items.some(({ message }) => message.includes("in use by another")) ? true : undefined;
    });
    assert.equal((await getPod(fixture, "forced"))?.status?.phase, "Pending");
    await deletePod(fixture, "owner");
    await waitForReadyPod(fixture, "forced");
    await deletePod(fixture, "forced");
    await waitForPodDeletion(fixture, "forced");
  });

  it("keeps the directory of a deleted claim, and releases its volume", async () => {
    await createClaim(fixture, "gone");
    await createPod(fixture, { name: "writer", secret: "keys", claim: "gone" });
    await ssh(fixture, await waitForReadyPod(fixture, "writer"), [
      "echo precious > /workspace/note",
    ]);
    await deletePod(fixture, "writer");
    await waitForPodDeletion(fixture, "writer");
    const { spec } = await claim(fixture, "gone");
    const path = `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/gone`;
    await fixture.client.delete(path, {});
    const name = spec.volumeName ?? "";
    await waitFor("the release of the volume", async () => {
      const volume = await fixture.client.get<PersistentVolume>(
        `/api/v1/persistentvolumes/${name}`,
      );
      return volume.status?.phase === "Released" ? true : undefined;
    });
    assert.equal(
      readFileSync(join(fixture.dataDir, "volumes", name, "note"), "utf8"),
      "precious\n",
    );
  });

  it("creates no empty disk instead of a copy, and reports why", async () => {
    const dataSource = {
      apiGroup: "snapshot.storage.k8s.io",
      kind: "VolumeSnapshot",
      name: "then",
    };
    await createClaim(fixture, "restored", { dataSource });
    await createPod(fixture, { name: "reader", secret: "keys", claim: "restored" });
    const event = await waitFor("the event", async () => {
      const { items } = await fixture.client.get<{ items: { reason: string; message: string }[] }>(
        `/api/v1/namespaces/${NAMESPACE}/events`,
      );
      return items.find(({ reason }) => reason === "ProvisioningFailed");
    });
    assert.match(event.message, /VolumeSnapshot.*then/);
    const { metadata, status } = await claim(fixture, "restored");
    assert.equal(status?.phase, "Pending");
    assert.equal(existsSync(join(fixture.dataDir, "volumes", `pvc-${metadata.uid}`)), false);
    await deletePod(fixture, "reader");
    await waitForPodDeletion(fixture, "reader");
  });
});

describe("dev-cluster provisioner", () => {
  let api: ApiFixture;
  let client: ApiClient;
  let directory: TempDir;
  before(async () => {
    api = await startApi();
    client = new ApiClient(api.cluster);
    directory = await makeTempDir("provisioner");
  });
  after(async () => {
    client.close();
    await api.stop();
    await directory.remove();
  });

  /** A claim whose node is selected. */
  const claimOnNode = (name: string, node: string) =>
    client.create<PersistentVolumeClaim>(CLAIMS, {
      metadata: { name, annotations: { [SELECTED_NODE]: node } },
      spec: {
        accessModes: ["ReadWriteOncePod"],
        storageClassName: "gpu-dev-workspace",
        resources: { requests: { storage: "1Gi" } },
      },
    });
  const provision = (seen: PersistentVolumeClaim) =>
    createProvisioner({ client, root: directory.path })(seen);
  const volumes = async () => {
    const { items } = await client.get<{ items: PersistentVolume[] }>("/api/v1/persistentvolumes");
    return items.map(({ metadata }) => metadata.name);
  };

  it("D6: creates no volume for a claim that is deleted or replaced", async () => {
    await api.core.createNode({ body: nodeNamed("existing") });
    const seen = await claimOnNode("dead", "existing");
    await client.delete(`${CLAIMS}/dead`, {});
    await provision(seen);
    await claimOnNode("dead", "existing");
    await provision(seen);
    assert.deepEqual(await volumes(), []);
    assert.deepEqual(readdirSync(directory.path), []);
  });

  it("requests another node when the selected node no longer exists", async () => {
    const seen = await claimOnNode("moved", "nowhere");
    await provision(seen);
    const { metadata } = await client.get<PersistentVolumeClaim>(`${CLAIMS}/moved`);
    assert.equal(metadata.annotations?.[SELECTED_NODE], undefined);
    assert.deepEqual(await volumes(), []);
  });

  it("retries only claims that still exist", async () => {
    const attempts: string[] = [];
    let forget: () => void = () => undefined;
    const retries = createRetries<PersistentVolumeClaim>({
      attempt: ({ metadata }) => {
        attempts.push(metadata.name);
        forget();
        return Promise.reject(new Error("unavailable"));
      },
      log: () => undefined,
    });
    const [gone, kept] = [await claimOnNode("gone", "x"), await claimOnNode("kept", "x")];
    forget = () => {
      retries.forget(gone);
    };
    retries.add(gone);
    retries.add(kept);
    await until("further attempts", () => attempts.filter((name) => name === "kept").length >= 3);
    await retries.stop();
    assert.equal(attempts.filter((name) => name === "gone").length, 1);
  });
});

const CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims";
const SELECTED_NODE = "volume.kubernetes.io/selected-node";

const until = (what: string, holds: () => boolean) =>
  waitFor(what, () => (holds() ? true : undefined));

function claim({ client }: AgentFixture, name: string): Promise<PersistentVolumeClaim> {
  return client.get(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/${name}`);
}
