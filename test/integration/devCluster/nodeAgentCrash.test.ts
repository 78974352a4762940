import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  openPodLog,
  endLeftovers,
  startContainer,
} from "../../../dev-cluster/src/nodeAgent/containerProcess.ts";
import { isAlive, readProcessFile } from "../../../dev-cluster/src/nodeAgent/processSweep.ts";
import { waitFor } from "./nodeAgentFixture.ts";

describe("dev-cluster: processes that an earlier run of the agent left", () => {
  it("R4: are ended by their marker, also outside their session, and no others are", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gpu-dev-left-"));
    const bystander = spawn("sleep", ["300"], { env: { GPU_DEV_POD_UID: "another" } });
    const container = startContainer({
      uid: "the-pod",
      directory,
      hostname: "demo",
      // Without an agent whose end kills it, as after a SIGKILL on a machine without setpriv.
      containment: { kind: "plain", prefix: [] },
      argv: ["sh", "-c", "setsid sleep 301 & sleep 302"],
      env: { PATH: process.env["PATH"] ?? "", GPU_DEV_POD_UID: "the-pod" },
      cwd: "/",
      view: undefined,
      log: openPodLog(join(directory, "log")),
    });
    const first = await waitFor("it has started", () => readProcessFile(join(directory, "pid")));
    assert.ok(isAlive(first));
    await endLeftovers("the-pod", directory);
    assert.ok(!isAlive(first));
    assert.equal((await container.exited).signal, "SIGKILL");
    assert.equal(bystander.exitCode ?? bystander.signalCode, null);
    bystander.kill();
    rmSync(directory, { recursive: true });
  });

  it("R4: a process with the reused id of an old one keeps running", () => {
    const unrelated = spawn("sleep", ["300"]);
    const { pid } = unrelated;
    assert.ok(pid !== undefined);
    assert.ok(!isAlive({ pid, startTime: "1" }));
    unrelated.kill();
  });
});
