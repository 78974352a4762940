import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ReservationId, UserId } from "@gpu-dev/shared/ids.ts";
import { createHostKey } from "../../../control-plane/src/cluster/hostKey.ts";
import { podManifest } from "../../../control-plane/src/cluster/podManifest.ts";
import { requireTool } from "../../support/requireTool.ts";
import { makeTempDir } from "../../support/tempDir.ts";

const REQUEST = {
  name: "gd-x-0-1",
  reservationId: "x" as ReservationId,
  reservationName: "demo",
  userId: "u" as UserId,
  rank: 0,
  attempt: 1,
  node: "h100-1",
  image: "registry/workspace:latest",
  entrypoint: [],
  cpus: 43,
  memoryGib: 460,
  gpu: { resource: "nvidia.com/gpu", count: 2 },
  claimName: null,
  secretName: "gd-x",
  serviceName: "gd-x",
};

interface PodShape {
  spec: Record<string, unknown> & {
    volumes: Record<string, unknown>[];
    initContainers: { image: string; volumeMounts: unknown }[];
    containers: { resources: unknown; command: string[]; args?: unknown }[];
  };
}
const shape = (request: Parameters<typeof podManifest>[0]) =>
  podManifest(request, {
    installation: "installation",
    sshServerImage: "registry/ssh-server:1",
  }) as unknown as PodShape;

describe("what goes into a pod", () => {
  it("is what the contract says: restarts, no token, the node by affinity, never by name", () => {
    const { spec } = shape(REQUEST);
    assert.equal(spec["restartPolicy"], "Always");
    assert.equal(spec["automountServiceAccountToken"], false);
    assert.equal(spec["nodeName"], undefined);
    assert.equal(spec["hostname"], "demo");
    assert.match(JSON.stringify(spec["affinity"]), /kubernetes\.io\/hostname.*h100-1/);
    assert.equal(spec.containers.length, 1);
    const amounts = { cpu: "43", memory: "460Gi", "nvidia.com/gpu": "2" };
    assert.deepEqual(spec.containers[0]?.resources, { requests: amounts, limits: amounts });
  });

  it("brings an SSH server into any image, and starts the image's own program where one is named", () => {
    const command = (entrypoint: string[]) =>
      shape({ ...REQUEST, entrypoint }).spec.containers[0]?.command ?? [];
    const [init] = shape(REQUEST).spec.initContainers;
    assert.equal(init?.image, "registry/ssh-server:1");
    assert.deepEqual(init.volumeMounts, [{ name: "ssh-server", mountPath: "/.gpu-dev/ssh" }]);
    assert.deepEqual(command([]), ["/.gpu-dev/ssh/gpu-dev-sshd", "serve"]);
    assert.deepEqual(command(["/start", "--fast"]).slice(2), ["--", "/start", "--fast"]);
  });

  it("keeps the workspace on the claim where there is one, else in the pod", () => {
    const workspace = (claimName: string | null) =>
      shape({ ...REQUEST, claimName }).spec.volumes.find(
        (volume) => volume["name"] === "workspace",
      );
    assert.deepEqual(workspace(null), { name: "workspace", emptyDir: {} });
    assert.deepEqual(workspace("gd-disk-1"), {
      name: "workspace",
      persistentVolumeClaim: { claimName: "gd-disk-1" },
    });
  });

  it("makes a host key that OpenSSH reads, and the public half of it", async function () {
    requireTool(this, "ssh-keygen");
    const key = createHostKey();
    const directory = await makeTempDir("host-key");
    try {
      const path = join(directory.path, "key");
      writeFileSync(path, key.privateKey, { mode: 0o600 });
      const read = execFileSync("ssh-keygen", ["-y", "-f", path], { encoding: "utf8" });
      assert.equal(read.trim(), key.publicKey);
      assert.notEqual(createHostKey().publicKey, key.publicKey);
    } finally {
      await directory.remove();
    }
  });
});
