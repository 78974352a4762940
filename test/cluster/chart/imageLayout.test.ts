import assert from "node:assert/strict";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { runTool } from "../support/runTool.ts";
import { IMAGE_USER, requireImageUser } from "./chartProcess.ts";
import { imageEnvironment, isIgnored, readStages, ROOT, type Instruction } from "./imageFile.ts";

/** Runs the Dockerfile's instructions in folders and starts the result: no image is built here. */
describe("the control plane's image", function () {
  this.timeout(180_000);
  let directory: TempDir;
  const stage = (name: string) => join(directory.path, name);
  before(async () => {
    directory = await makeTempDir("image");
    chmodSync(directory.path, 0o755);
  });
  after(() => directory.remove());

  it("installs the control plane's dependencies, without tools and other workspaces", async () => {
    const [packages = []] = readStages();
    copyAll(packages, stage("packages"));
    const run = packages.find(({ name }) => name === "RUN")?.rest ?? "";
    const [program = "", ...args] = run.split(/\s+/);
    // Packages in npm's cache need no network.
    const env = { NODE_ENV: "", npm_config_prefer_offline: "true" };
    const inFolder = ["-C", stage("packages"), program, ...args];
    const installed = await runTool("env", inFolder, { env, timeoutMs: 170_000 });
    assert.equal(installed.code, 0, installed.stderr);
    const there = readdirSync(join(stage("packages"), "node_modules"));
    for (const name of ["koa", "pg", "graphile-worker"]) assert.ok(there.includes(name), name);
    for (const name of ["typescript", "mocha", "node", "ssh2"])
      assert.ok(!there.includes(name), name);
  });

  it("has every file that its program reads, and starts as its user id", async function () {
    requireImageUser(this);
    const [, last = []] = readStages();
    copyAll(last, stage("image"));
    const entry = last.find(({ name }) => name === "ENTRYPOINT")?.rest ?? "[]";
    const [, program = ""] = JSON.parse(entry) as string[];
    const user = last.find(({ name }) => name === "USER")?.rest;
    assert.equal(user, `${String(IMAGE_USER)}:${String(IMAGE_USER)}`);
    const helped = await inImage(program, ["--help"]);
    assert.equal(helped.code, 0, helped.stderr);
    assert.match(helped.stdout, /GPU_DEV_ROLE/);
    // Without a database it loads every module and reads the configuration.
    const database = {
      DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
      GPU_DEV_ROLE: "migrate",
    };
    const ended = await inImage(program, ["--log-level", "warn"], database);
    assert.match(ended.stdout + ended.stderr, /PostgreSQL does not respond/);
    for (const file of ["openapi.json", "migrations", "infra/catalogue.yaml"]) {
      assert.ok(existsSync(join(stage("image"), file)), file);
    }
  });

  /** Runs the image's program briefly as its user id. */
  function inImage(program: string, args: readonly string[], more: Record<string, string> = {}) {
    const number = String(IMAGE_USER);
    const env = { ...imageEnvironment(), HOME: stage("image"), ...more };
    const clean = ["-i", ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
    const as = ["--reuid", number, "--regid", number, "--clear-groups"];
    const command = [process.execPath, join(stage("image"), program), ...args];
    return runTool("setpriv", [...as, "env", ...clean, "timeout", "5", ...command]);
  }

  function copyAll(instructions: readonly Instruction[], target: string): void {
    mkdirSync(target, { recursive: true });
    for (const { rest } of instructions.filter(({ name }) => name === "COPY")) {
      const [, from] = /^--from=(\S+)/.exec(rest) ?? [];
      const names = rest.replace(/^--from=\S+\s+/, "").split(/\s+/);
      const to = names.pop() ?? "";
      for (const name of names) copy(from, name, target, to);
    }
  }

  /** Like COPY: copies a folder's content, or a file into a target that ends with a slash. */
  function copy(from: string | undefined, name: string, target: string, to: string): void {
    const source =
      from === undefined ? join(ROOT, name) : join(stage(from), name.replace(/^\/app\//, ""));
    const goal = join(target, to, to.endsWith("/") ? (name.split("/").at(-1) ?? "") : "");
    const kept = (path: string) => from !== undefined || !isIgnored(relative(ROOT, path));
    cpSync(source, goal, { recursive: true, filter: kept, verbatimSymlinks: true });
  }
});
