import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
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

for (const name of SERVERS) {
  describe(`an unmodified kubectl: ${name}`, () => {
    let server: Server;
    let program: string;
    before(async () => {
      program = await buildTool("kubectl");
      server = await startServerNamed(name);
      await makeNamespace(server, "kubectl");
    });
    after(() => server.stop());

    const access = () => ["--kubeconfig", server.kubeconfigPath, "--namespace", "kubectl"];
    const kubectl = async (args: string[], input = "") => {
      const output = await runTool(program, [...access(), ...args], { input });
      assert.equal(output.code, 0, output.stderr);
      return output.stdout;
    };

    it("applies, and applies again", async () => {
      assert.equal(await kubectl(["apply", "-f", "-"], POD), "pod/box created\n");
      assert.equal(await kubectl(["apply", "-f", "-"], POD), "pod/box unchanged\n");
      const changed = POD.replace("pause:1", "pause:2");
      assert.equal(await kubectl(["apply", "-f", "-"], changed), "pod/box configured\n");
      const image = ["-o", "jsonpath={.spec.containers[0].image}"];
      assert.equal(await kubectl(["get", "pod", "box", ...image]), "example/pause:2");
    });

    it("is refused what the kind does not have, and leaves everything as it was", async () => {
      const strange = POD.replace("name: box", "name: odd").replace(
        "spec:",
        "spec:\n  colour: red",
      );
      const output = await runTool(program, [...access(), "apply", "-f", "-"], { input: strange });
      assert.equal(output.code, 1);
      assert.match(output.stderr, /unknown field "spec\.colour"/);
      assert.equal(await kubectl(["get", "pods", "-o", "name"]), "pod/box\n");
    });

    it("gets, with the columns that people know", async () => {
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

    it("explains a field", async () => {
      assert.match(await kubectl(["explain", "pod.spec.hostname"]), /FIELD: hostname <string>/);
    });

    it("patches in each of the ways", async () => {
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
      const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
      let seen = "";
      child.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
      try {
        await waitFor(() => seen.includes("pod/box"), { describe: "what there is" });
        await kubectl(["apply", "-f", "-"], POD.replace("name: box", "name: other"));
        await waitFor(() => seen.includes("pod/other"), { describe: "what comes" });
      } finally {
        child.kill();
        await once(child, "exit");
      }
    });

    it("cordons a node and waits for a deletion", async () => {
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
