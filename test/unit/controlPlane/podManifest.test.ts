import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { catalogueImage } from "@gpu-dev/shared/api/catalogue.ts";
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
  claimName: undefined,
  secretName: "gd-x",
  serviceName: "gd-x",
};

interface PodShape {
  spec: Record<string, unknown> & {
    volumes: Record<string, unknown>[];
    initContainers: { image: string; volumeMounts: unknown }[];
    containers: {
      resources: unknown;
      command: string[];
      args?: unknown;
      ports: unknown;
      startupProbe: unknown;
      readinessProbe: unknown;
      env: { name: string; value: string }[];
      volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
    }[];
  };
}
const shape = (request: Parameters<typeof podManifest>[0]) =>
  podManifest(request, {
    installation: "installation",
    sshServerImage: "registry/ssh-server:1",
  }) as unknown as PodShape;

/** The GPU_DEV_ variables that the SSH server reads. An image could also set them. */
function variablesReadByTheServer(): string[] {
  const folder = join(import.meta.dirname, "../../../ssh-server");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".go") && !name.endsWith("_test.go"))
    .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/"(GPU_DEV_\w+)"/g)])
    .map(([, name = ""]) => name);
}

describe("the manifest of a pod", () => {
  it("is ready once a login is possible, not once the port is open", () => {
    const [workspace] = shape(REQUEST).spec.containers;
    assert.deepEqual(workspace?.readinessProbe, {
      exec: { command: ["/.gpu-dev/ssh/gpu-dev-sshd", "check"] },
      periodSeconds: 10,
      timeoutSeconds: 5,
    });
    assert.deepEqual(workspace.startupProbe, {
      tcpSocket: { port: "ssh" },
      periodSeconds: 1,
      failureThreshold: 86_400,
    });
  });

  it("follows the contract: restarts, no token, and the node by affinity, never by name", () => {
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

  it("adds an SSH server to any image, and starts the image's own program if it has one", () => {
    const command = (entrypoint: string[]) =>
      shape({ ...REQUEST, entrypoint }).spec.containers[0]?.command ?? [];
    const [init] = shape(REQUEST).spec.initContainers;
    assert.equal(init?.image, "registry/ssh-server:1");
    assert.deepEqual(init.volumeMounts, [{ name: "ssh-server", mountPath: "/.gpu-dev/ssh" }]);
    const serve = ["/.gpu-dev/ssh/gpu-dev-sshd", "serve"];
    assert.deepEqual(command([]), serve);
    const { entrypoint } = catalogueImage.parse({
      id: "own",
      title: "Own",
      reference: "registry/own:1",
      default: false,
      entrypoint: ["/start", "--fast", "a b"],
    });
    assert.deepEqual(command(entrypoint ?? []), [...serve, "--", "/start", "--fast", "a b"]);
    assert.equal(shape(REQUEST).spec.containers[0]?.args, undefined);
  });

  it("sets everything that the SSH server trusts, so that an image's environment cannot", () => {
    const [container] = shape(REQUEST).spec.containers;
    const pinned = {
      GPU_DEV_RESERVATION_ID: "x",
      GPU_DEV_RESERVATION_NAME: "demo",
      GPU_DEV_USER: "dev",
      GPU_DEV_EXPIRES_FILE: "/etc/gpu-dev/ssh/expires_at",
    };
    const { env = [], volumeMounts = [], ports } = container ?? {};
    assert.deepEqual(Object.fromEntries(env.map(({ name, value }) => [name, value])), pinned);
    // These paths are constants of the server; its only option, the port, is not used.
    const mounts = volumeMounts.map(({ name, mountPath }) => `${name} ${mountPath}`);
    for (const needed of ["ssh /etc/gpu-dev/ssh", "workspace /workspace", "workspace /home/dev"])
      assert.ok(mounts.includes(needed), needed);
    assert.deepEqual(ports, [{ name: "ssh", containerPort: 2222 }]);
    assert.deepEqual(
      variablesReadByTheServer().filter((name) => !(name in pinned)),
      [],
    );
  });

  it("keeps the workspace on the claim if there is one, otherwise in the pod", () => {
    const workspace = (claimName: string | undefined) =>
      shape({ ...REQUEST, claimName }).spec.volumes.find(
        (volume) => volume["name"] === "workspace",
      );
    assert.deepEqual(workspace(undefined), { name: "workspace", emptyDir: {} });
    assert.deepEqual(workspace("gd-disk-1"), {
      name: "workspace",
      persistentVolumeClaim: { claimName: "gd-disk-1" },
    });
  });

  it("creates a host key that OpenSSH reads, with its public key", async function () {
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
