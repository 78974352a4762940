import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPodLog } from "../../../dev-cluster/src/nodeAgent/containerProcess.ts";
import {
  endLeftovers,
  startContainer,
} from "../../../dev-cluster/src/nodeAgent/containerProcess.ts";
import { isAlive, readProcessFile } from "../../../dev-cluster/src/nodeAgent/processSweep.ts";
import { waitFor } from "./nodeAgentFixture.ts";

describe("dev-cluster: what an earlier life of the agent left running", () => {
  it("R4: is ended by its mark, also what left its session, and nothing else is", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gpu-dev-left-"));
    const bystander = spawn("sleep", ["300"], { env: { GPU_DEV_POD_UID: "another" } });
    const container = startContainer({
      uid: "the-pod",
      directory,
      hostname: "demo",
      // No agent to die with, as after a SIGKILL of one on a machine without setpriv.
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

  it("R4: a process that merely got the number of an old one is left alone", () => {
    const stranger = spawn("sleep", ["300"]);
    const { pid } = stranger;
    assert.ok(pid !== undefined);
    assert.ok(!isAlive({ pid, startTime: "1" }));
    stranger.kill();
  });
});
