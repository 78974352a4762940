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
  podIsGone,
  readyPod,
  ssh,
  startBench,
  waitFor,
  type Bench,
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
  let bench: Bench;

  before(async function () {
    requireTool(this, "ssh");
    bench = await startBench();
    await createSecret(bench, "keys");
  });

  after(async () => {
    await bench.stop();
  });

  it("creates a volume only when a pod needs it, and the next pod finds the files", async () => {
    await createClaim(bench, "disk");
    assert.equal((await claim(bench, "disk")).status?.phase, "Pending");
    for (const [name, command] of [
      ["first", "echo kept > /workspace/note; echo dot > ~/.rc"],
      ["second", "cat /workspace/note ~/.rc"],
    ] as const) {
      await createPod(bench, { name, secret: "keys", claim: "disk" });
      const { stdout } = await ssh(bench, await readyPod(bench, name), [command]);
      if (name === "second") assert.equal(stdout, "kept\ndot\n");
      await deletePod(bench, name);
      await podIsGone(bench, name);
    }
    const bound = await claim(bench, "disk");
    assert.equal(bound.spec.volumeName, `pvc-${bound.metadata.uid}`);
    assert.equal(bound.status?.phase, "Bound");
  });

  it("D1: a second pod waits while another pod uses the disk", async () => {
    await createClaim(bench, "single");
    await createPod(bench, { name: "holder", secret: "keys", claim: "single" });
    await readyPod(bench, "holder");
    await createPod(bench, { name: "waiter", secret: "keys", claim: "single" });
    await waitFor("the reason on the waiting pod", async () => {
      const scheduled = (await getPod(bench, "waiter"))?.status?.conditions?.find(
        ({ type }) => type === "PodScheduled",
      );
      return scheduled?.message?.includes("ReadWriteOncePod") === true ? true : undefined;
    });
    assert.equal((await getPod(bench, "waiter"))?.status?.phase, "Pending");
    await deletePod(bench, "holder");
    await readyPod(bench, "waiter");
    await deletePod(bench, "waiter");
    await podIsGone(bench, "waiter");
  });

  it("D1: a second pod that is bound nevertheless does not start while another pod uses the disk", async () => {
    await createClaim(bench, "two");
    await createPod(bench, { name: "owner", secret: "keys", claim: "two" });
    await readyPod(bench, "owner");
    await createPod(bench, { name: "forced", secret: "keys", claim: "two", nodeName: "gpu-node" });
    await waitFor("the event with the reason", async () => {
      const { items } = await bench.client.get<{ items: { message: string }[] }>(
        `/api/v1/namespaces/${NAMESPACE}/events`,
      );
      return items.some(({ message }) => message.includes("in use by another")) ? true : undefined;
    });
    assert.equal((await getPod(bench, "forced"))?.status?.phase, "Pending");
    await deletePod(bench, "owner");
    await readyPod(bench, "forced");
    await deletePod(bench, "forced");
    await podIsGone(bench, "forced");
  });

  it("keeps the directory of a deleted claim, and releases its volume", async () => {
    await createClaim(bench, "gone");
    await createPod(bench, { name: "writer", secret: "keys", claim: "gone" });
    await ssh(bench, await readyPod(bench, "writer"), ["echo precious > /workspace/note"]);
    await deletePod(bench, "writer");
    await podIsGone(bench, "writer");
    const { spec } = await claim(bench, "gone");
    const path = `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/gone`;
    await bench.client.delete(path, {});
    const name = spec.volumeName ?? "";
    await waitFor("the release of the volume", async () => {
      const volume = await bench.client.get<PersistentVolume>(`/api/v1/persistentvolumes/${name}`);
      return volume.status?.phase === "Released" ? true : undefined;
    });
    assert.equal(readFileSync(join(bench.dataDir, "volumes", name, "note"), "utf8"), "precious\n");
  });

  it("creates no empty disk instead of a copy, and reports why", async () => {
    const dataSource = {
      apiGroup: "snapshot.storage.k8s.io",
      kind: "VolumeSnapshot",
      name: "then",
    };
    await createClaim(bench, "restored", { dataSource });
    await createPod(bench, { name: "reader", secret: "keys", claim: "restored" });
    const event = await waitFor("the event", async () => {
      const { items } = await bench.client.get<{ items: { reason: string; message: string }[] }>(
        `/api/v1/namespaces/${NAMESPACE}/events`,
      );
      return items.find(({ reason }) => reason === "ProvisioningFailed");
    });
    assert.match(event.message, /VolumeSnapshot.*then/);
    const { metadata, status } = await claim(bench, "restored");
    assert.equal(status?.phase, "Pending");
    assert.equal(existsSync(join(bench.dataDir, "volumes", `pvc-${metadata.uid}`)), false);
    await deletePod(bench, "reader");
    await podIsGone(bench, "reader");
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

function claim({ client }: Bench, name: string): Promise<PersistentVolumeClaim> {
  return client.get(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/${name}`);
}
