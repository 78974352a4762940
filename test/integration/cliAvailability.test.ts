import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireTool } from "../support/requireTool.ts";
import { json, type ScriptedServer, startScriptedServer } from "../support/scriptedServer.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type CliOnTerminal, type CliPlace, ENTER, openCli, runCli } from "./cliUnderTest.ts";

const WHY = "1 request is ahead. All free GPUs go to it at 14:20.";
const queued = (gpus: number) => ({ gpus, units: gpus, starts: "queued", ahead: 1, why: WHY });
const now = (gpus: number) => ({ gpus, units: gpus, starts: "now", ahead: 0, why: null });
const H100 = {
  id: "h100",
  title: "NVIDIA H100 80 GB",
  kind: "gpu",
  resource: "nvidia.com/gpu",
  gpuModel: "NVIDIA H100",
  gpuMemoryGib: 80,
  node: { instanceType: "p5.48xlarge", gpus: 8, cpus: 192, memoryGib: 2048 },
  counts: [1, 2, 4],
  slotsPerNode: 0,
  limits: { minSeconds: 300, maxSeconds: 172_800 },
  startBudgetSeconds: 600,
  teardownBudgetSeconds: 600,
  dev: { nodes: 2, zone: "a" },
};
const CATALOGUE = {
  types: [H100],
  images: [{ id: "base", title: "Base", reference: "base:1", default: true }],
  disks: { defaultSizeGib: 100, maxSizeGib: 1000 },
  planningHorizonSeconds: 172_800,
  maxLivePerUser: 50,
};
const DISK = {
  id: "00000000000000d1",
  name: "work",
  sizeGib: 100,
  zone: "a",
  heldBy: null,
  createdAt: "2026-11-23T12:00:00.000Z",
  lastUsedAt: null,
};

/**
 * 4 of 16 GPUs are free and one request is queued: a request for 4 would fit, but is second in
 * line.
 */
describe("availability in the command line", function () {
  this.timeout(60_000);
  let dir: TempDir;
  let server: ScriptedServer;
  let place: CliPlace;
  let cli: CliOnTerminal | undefined;

  before(function () {
    requireTool(this, "ssh");
  });
  beforeEach(async () => {
    dir = await makeTempDir("cli");
    const availability = (sizes: unknown) => ({
      asOf: new Date().toISOString(),
      types: [
        {
          type: "h100",
          title: H100.title,
          totalGpus: 16,
          healthyGpus: 16,
          freeGpus: 4,
          queued: 1,
          sizes,
          nodes: [],
        },
      ],
    });
    server = await startScriptedServer({
      "GET /v1/catalogue": (_request, response) => {
        json(response, 200, CATALOGUE);
      },
      "GET /v1/disks": (_request, response) => {
        json(response, 200, { items: [DISK] });
      },
      "GET /v1/availability": ({ url }, response) => {
        const onDisk = [now(1), queued(2), queued(4)];
        const sizes = url?.endsWith("?disk=work") === true ? onDisk : H100.counts.map(queued);
        json(response, 200, availability(sizes));
      },
    });
    place = { server: server.url, home: dir.path };
    const credential = {
      token: "t1",
      expiresAt: "2030-01-01T00:00:00.000Z",
      user: "ada",
      role: "user",
      server: new URL(server.url).host,
      identity: null,
    };
    const folder = join(dir.path, ".config", "gpu-dev");
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, "credentials.json"),
      JSON.stringify({ [new URL(server.url).origin]: credential }),
    );
  });
  afterEach(async () => {
    cli?.stop();
    await server.close();
    await dir.remove();
  });

  it("Q2: avail says that no size starts now, and why, although 4 GPUs are free", async () => {
    const { out, err, code } = await runCli(place, "avail");
    assert.equal(code, 0, err);
    assert.deepEqual(out.split("\n"), [
      "TYPE  STARTS NOW      QUEUED  HEALTHY  NAME",
      "h100  none (1 ahead)       1       16  NVIDIA H100 80 GB",
      `h100: queued: ${WHY}`,
      "",
    ]);
  });

  it("Q2: the wizard shows what the server says about each size with the chosen disk", async () => {
    cli = openCli(place, "reserve");
    await cli.sees("Which type?");
    assert.match(cli.printed(), /h100 +NVIDIA H100 80 GB \(queued \(1 ahead\)\)/);
    assert.doesNotMatch(cli.printed(), /free/);
    cli.press(ENTER);
    await cli.sees("Which disk?");
    cli.press(ENTER);
    await cli.sees("4 (queued: 1 request");
    assert.match(cli.printed(), /1 \(starts now\)/);
  });

  it("Q2: the wizard without a disk says that every size is queued", async () => {
    cli = openCli(place, "reserve");
    await cli.sees("Which type?");
    cli.press(ENTER);
    await cli.sees("Which disk?");
    cli.press(`\u001b[A${ENTER}`);
    await cli.sees("1 (queued: 1 request");
    assert.doesNotMatch(cli.printed(), /starts now/);
  });
});
