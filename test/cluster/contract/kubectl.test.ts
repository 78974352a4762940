import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Second } from "@gpu-dev/shared/durations.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { runTool } from "../support/runTool.ts";
import { buildTool } from "../tools/tools.ts";
import { makeNamespace, SERVERS, startServerNamed, type Server } from "./servers.ts";

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: box
  labels: { app: box }
spec:
  schedulerName: nobody
  containers:
    - name: main
      image: example/pause:1
`;

const JOB = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "later" },
  spec: {
    suspend: true,
    template: {
      spec: {
        restartPolicy: "Never",
        schedulerName: "nobody",
        containers: [{ name: "main", image: "x" }],
      },
    },
  },
};
const OBJECTS = [
  {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "kubectl-described" },
    spec: { taints: [{ key: "example.org/special", value: "yes", effect: "NoSchedule" }] },
  },
  {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "disk" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "none",
      resources: { requests: { storage: "1Gi" } },
    },
  },
  { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" }, stringData: { word: "hidden" } },
  JOB,
];

for (const name of SERVERS) {
  describe(`an unmodified kubectl: ${name}`, () => {
    let server: Server;
    let program: string;
    let home: TempDir;
    before(async () => {
      program = await buildTool("kubectl");
      home = await makeTempDir("kubectl");
      server = await startServerNamed(name);
      await makeNamespace(server, "kubectl");
    });
    after(async () => {
      await (server as Server | undefined)?.stop();
      await (home as TempDir | undefined)?.remove();
    });

    /** kubectl caches what it learns of a server: a cache of its own for each run. */
    const env = () => ({ HOME: home.path, KUBECACHEDIR: join(home.path, "cache") });
    const access = () => ["--kubeconfig", server.kubeconfigPath, "--namespace", "kubectl"];
    const kubectl = async (args: string[], input = "") => {
      const output = await runTool(program, [...access(), ...args], { input, env: env() });
      assert.equal(output.code, 0, output.stderr);
      return output.stdout;
    };

    it("applies a manifest, and applies it again", async () => {
      assert.equal(await kubectl(["apply", "-f", "-"], POD), "pod/box created\n");
      assert.equal(await kubectl(["apply", "-f", "-"], POD), "pod/box unchanged\n");
      const changed = POD.replace("pause:1", "pause:2");
      assert.equal(await kubectl(["apply", "-f", "-"], changed), "pod/box configured\n");
      const image = ["-o", "jsonpath={.spec.containers[0].image}"];
      assert.equal(await kubectl(["get", "pod", "box", ...image]), "example/pause:2");
    });

    it("reports unknown fields, and changes nothing", async () => {
      const invalid = POD.replace("name: box", "name: invalid").replace(
        "spec:",
        "spec:\n  colour: red",
      );
      const args = [...access(), "apply", "-f", "-"];
      const output = await runTool(program, args, { input: invalid, env: env() });
      assert.equal(output.code, 1);
      assert.match(output.stderr, /unknown field "spec\.colour"/);
      assert.equal(await kubectl(["get", "pods", "-o", "name"]), "pod/box\n");
    });

    it("gets, with the usual columns", async () => {
      const [head = "", row = ""] = (await kubectl(["get", "pods"])).split("\n");
      assert.match(head, /^NAME +READY +STATUS +RESTARTS +AGE$/);
      assert.match(row, /^box +0\/1 +Pending +0 +\d+s$/);
      assert.match(await kubectl(["get", "pods", "-l", "app=none"]), /^$/);
    });

    it("describes", async () => {
      const text = await kubectl(["describe", "pod", "box"]);
      assert.match(text, /^Name: +box$/m);
      assert.match(text, /^ +Image: +example\/pause:2$/m);
      assert.match(text, /^Status: +Pending$/m);
    });

    it("describes other kinds", async () => {
      for (const object of OBJECTS) await kubectl(["create", "-f", "-"], JSON.stringify(object));
      const node = await kubectl(["describe", "node", "kubectl-described"]);
      assert.match(node, /^Taints: +example\.org\/special=yes:NoSchedule$/m);
      assert.match(node, /^Unschedulable: +false$/m);
      const claim = await kubectl(["describe", "pvc", "disk"]);
      assert.match(claim, /^Status: +Pending$/m);
      assert.match(claim, /^Finalizers: +\[kubernetes\.io\/pvc-protection\]$/m);
      const secret = await kubectl(["describe", "secret", "keys"]);
      assert.match(secret, /^Type: +Opaque$/m);
      assert.match(secret, /^word: +6 bytes$/m);
      assert.doesNotMatch(secret, /hidden|aGlkZGVu/);
      const job = await kubectl(["describe", "job", "later"]);
      assert.match(job, /^Parallelism: +1$/m);
      assert.match(job, /^Suspend: +true$/m);
      await kubectl(["delete", "node", "kubectl-described"]);
      await kubectl(["delete", "job/later", "secret/keys", "pvc/disk"]);
    });

    it("explains a field", async () => {
      assert.match(await kubectl(["explain", "pod.spec.hostname"]), /FIELD: hostname <string>/);
    });

    it("patches in each format", async () => {
      const patch = (type: string, body: object) =>
        kubectl(["patch", "pod", "box", "--type", type, "-p", JSON.stringify(body)]);
      await patch("merge", { metadata: { labels: { a: "1" } } });
      await patch("strategic", { metadata: { labels: { b: "2" } } });
      await patch("json", [{ op: "add", path: "/metadata/labels/c", value: "3" }] as object);
      const labels = await kubectl(["get", "pod", "box", "-o", "jsonpath={.metadata.labels}"]);
      assert.deepEqual(JSON.parse(labels), { app: "box", a: "1", b: "2", c: "3" });
    });

    it("watches", async () => {
      const args = [...access(), "get", "pods", "--watch", "-o", "name"];
      const child = spawn(program, args, {
        stdio: ["ignore", "pipe", "ignore"],
        env: { ...process.env, ...env() },
      });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      try {
        await waitFor(() => output.includes("pod/box"), { describe: "the existing pod" });
        await kubectl(["apply", "-f", "-"], POD.replace("name: box", "name: other"));
        await waitFor(() => output.includes("pod/other"), { describe: "the new pod" });
      } finally {
        child.kill();
        await once(child, "exit");
      }
    });

    it("waits for the end of a deletion", async () => {
      const metadata = { name: "held", finalizers: ["example.org/hold"] };
      const map = { apiVersion: "v1", kind: "ConfigMap", metadata };
      await kubectl(["create", "-f", "-"], JSON.stringify(map));
      const args = [...access(), "delete", "configmap", "held"];
      const child = spawn(program, args, { stdio: "ignore", env: { ...process.env, ...env() } });
      const ended = once(child, "exit");
      const isDeleted = ["get", "cm", "held", "-o", "jsonpath={.metadata.deletionTimestamp}"];
      await waitFor(async () => kubectl(isDeleted), { describe: "the deletion to begin" });
      // The server has responded to another request since, and kubectl still waits.
      assert.equal(child.exitCode, null);
      const timeout = ["wait", "--for=delete", "configmap/held", "--timeout=1s"];
      const early = await runTool(program, [...access(), ...timeout], { env: env() });
      assert.match(early.stderr, /timed out/);
      assert.equal(child.exitCode, null);
      await kubectl(["patch", "cm", "held", "-p", '{"metadata":{"finalizers":null}}']);
      assert.deepEqual(await ended, [0, null]);
    });

    it("deletes a job's pods with it", async () => {
      const job = { ...JOB, metadata: { name: "now" }, spec: { ...JOB.spec, suspend: false } };
      await kubectl(["create", "-f", "-"], JSON.stringify(job));
      const pods = ["get", "pods", "-l", "job-name=now", "-o", "name"];
      await waitFor(async () => kubectl(pods), {
        timeoutMs: 20 * Second.ms,
        describe: "the job's pod",
      });
      await kubectl(["delete", "job", "now"]);
      await waitFor(async () => (await kubectl(pods)) === "", {
        timeoutMs: 20 * Second.ms,
        describe: "the removal of its pod",
      });
    });

    it("cordons a node and deletes several at once", async () => {
      const node = { apiVersion: "v1", kind: "Node", metadata: { name: "kubectl-node" } };
      await kubectl(["create", "-f", "-"], JSON.stringify(node));
      assert.equal(await kubectl(["cordon", "kubectl-node"]), "node/kubectl-node cordoned\n");
      assert.match(await kubectl(["get", "nodes"]), /^kubectl-node +\S+SchedulingDisabled/m);
      await kubectl(["delete", "node", "kubectl-node"]);
      assert.match(await kubectl(["delete", "pod", "box", "other"]), /pod "other" deleted/);
      assert.equal(await kubectl(["get", "pods", "-o", "name"]), "");
    });
  });
}
