import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, stop as stopEsbuild } from "esbuild";
import { makeTempDir } from "../../support/tempDir.ts";
import { startWholeSystem } from "../../support/wholeSystem.ts";

/** The result of one test in the extension host. */
export interface HostTestResult {
  readonly title: string;
  /** The stack of the error; null if the test passed. */
  readonly failure: string | null;
}

/** What the tests in the extension host need, in any editor. */
export interface HostEnvironment {
  readonly dir: string;
  /** A folder with hostile workspace settings: they name another server and another key. */
  readonly workspace: string;
  /** For the user's own settings: a server that only counts its connections. */
  readonly firstServer: string;
  /** The bundled suite, for `extensionTestsPath`. */
  readonly suite: string;
  readonly env: Readonly<Record<string, string>>;
  /** Null until the suite has ended. */
  results(): Promise<readonly HostTestResult[] | null>;
  remove(): Promise<void>;
}

export async function createHostEnvironment(): Promise<HostEnvironment> {
  const dir = await makeTempDir("editor-host");
  const undo: (() => Promise<void>)[] = [() => dir.remove()];
  const remove = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const system = await startWholeSystem();
    undo.push(() => system.remove());
    const counters = await startCounters();
    undo.push(() => counters.stop());
    const workspace = join(dir.path, "repository");
    await mkdir(join(workspace, ".vscode"), { recursive: true });
    const settings = { "gpuDev.server": counters.hostile, "gpuDev.identityFile": "/etc/passwd" };
    await writeFile(join(workspace, ".vscode/settings.json"), JSON.stringify(settings));
    const suite = await bundleSuite(dir.path);
    const resultsFile = join(dir.path, "results.json");
    return {
      dir: dir.path,
      workspace,
      suite,
      remove,
      firstServer: counters.first,
      env: {
        TEST_SERVER: system.url,
        TEST_FIRST: counters.first,
        TEST_COUNTS: counters.counts,
        TEST_HOSTILE: counters.hostile,
        TEST_RESULTS: resultsFile,
      },
      results: async () => {
        const text = await readFile(resultsFile, "utf8").catch(() => null);
        return text === null ? null : (JSON.parse(text) as HostTestResult[]);
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Two servers that count the connections made to them, and one that returns the counts. */
async function startCounters() {
  const counts = { first: 0, hostile: 0 };
  const counting = (name: keyof typeof counts) =>
    createServer((_request, response) => response.writeHead(503).end()).on("connection", () => {
      counts[name] += 1;
    });
  const servers = [
    counting("first"),
    counting("hostile"),
    createServer((_request, response) => response.end(JSON.stringify(counts))),
  ];
  const [first, hostile, countServer] = (await Promise.all(servers.map(listen))) as [
    string,
    string,
    string,
  ];
  return {
    first,
    hostile,
    counts: countServer,
    stop: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      }
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Extension hosts load CommonJS. mocha is not bundled: it is loaded from where it is installed. */
async function bundleSuite(folder: string): Promise<string> {
  const outfile = join(folder, "suite.cjs");
  const mocha = fileURLToPath(import.meta.resolve("mocha"));
  await build({
    entryPoints: [join(import.meta.dirname, "run.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node22",
    alias: { mocha },
    external: ["vscode", mocha],
    sourcemap: "inline",
    logLevel: "warning",
  });
  // esbuild's service would otherwise keep running as a child of the tests.
  await stopEsbuild();
  return outfile;
}
