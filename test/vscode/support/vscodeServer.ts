import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { signal } from "../../../local/src/process/processes.ts";
import { processesWith } from "../../support/processes.ts";
import { waitFor } from "../../support/waitFor.ts";
import { writeSettings, type EditorSettings } from "./editorSettings.ts";
import type { Editor } from "./installEditor.ts";

/**
 * Every process of an editor carries it, so that an extension host or a shell that outlives the
 * server is found.
 */
const MARKER = "GPU_DEV_TEST_EDITOR";

/** Starts a program somewhere: here, or in a pod through ssh. Its output must come through. */
export type Launch = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) => ChildProcess;

export interface ServerOptions {
  readonly editor: Editor;
  /** A folder for this editor alone: its home, user data and extensions. The caller removes it. */
  readonly dataDir: string;
  /** The same folder as a program started by `launch` sees it; default the same path. */
  readonly dataDirThere?: string;
  /** Packages (.vsix) that are installed before, by the editor's own installer. */
  readonly extensions?: readonly string[];
  readonly settings?: EditorSettings;
  /** Added to the little that it gets: nothing of ours leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a process on this machine. */
  readonly launch?: Launch;
  /**
   * For windows that name an extension (`WindowOptions`). Notifications then only gather behind the
   * bell.
   */
  readonly driven?: boolean;
  /** Without the extensions that come with the editor: so that one can be measured alone. */
  readonly bare?: boolean;
  /** Default: a free one, chosen by the server. */
  readonly port?: number;
}

export interface VsCodeServer {
  readonly port: number;
  readonly home: string;
  readonly userDataDir: string;
  /** The folders of the extensions that were installed, in no order. */
  readonly extensions: readonly string[];
  output(): string;
  /** The address of a window on a folder of the machine that the server runs on. */
  url(folder: string, window?: WindowOptions): string;
  /** Ends it with the extension hosts, terminals and whatever else it started. */
  stop(): Promise<void>;
}

export interface WindowOptions {
  /** An extension that runs from its source folder, instead of an installed one. */
  readonly developmentPath?: string;
  /** A module whose `run()` the extension host calls: mocha tests in the inside. */
  readonly testsPath?: string;
}

/** Resolves when the server accepts windows. */
export async function startVsCode(options: ServerOptions): Promise<VsCodeServer> {
  const { editor, dataDir, launch = launchHere } = options;
  const here = foldersIn(dataDir);
  const there = foldersIn(options.dataDirThere ?? dataDir);
  for (const each of Object.values(here)) await mkdir(each, { recursive: true });
  await writeSettings(here.user, options.settings);
  const mark = randomUUID();
  const env = {
    PATH: `${dirname(editor.node)}:${process.env["PATH"] ?? ""}`,
    HOME: there.home,
    LANG: "C.UTF-8",
    SHELL: "/bin/bash",
    // Sockets of an editor that was killed go with its folder.
    XDG_RUNTIME_DIR: there.run,
    // No gallery: an installation from it fails at once instead of reaching out.
    EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: "" }),
    ...options.env,
    [MARKER]: mark,
  };
  const bare = options.bare ? ["--builtin-extensions-dir", there.none] : [];
  const start = (args: readonly string[]) =>
    launch(editor.node, [editor.serverMain, ...commonArguments(there), ...bare, ...args], env);
  for (const vsix of options.extensions ?? []) await install(start, vsix);
  const server = await listen(start, options.port ?? 0, options.driven ?? false);
  return {
    ...server,
    home: here.home,
    userDataDir: here.user,
    extensions: await installedIn(here.extensions),
    url: (folder, window) => windowUrl(server.port, folder, window),
    stop: () => stop(server.child, `${MARKER}=${mark}`),
  };
}

type Start = (args: readonly string[]) => ChildProcess;

function launchHere(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
}

type Folders = Readonly<Record<"home" | "user" | "extensions" | "run" | "server" | "none", string>>;

function foldersIn(dataDir: string): Folders {
  const at = (name: string) => join(dataDir, name);
  return {
    home: at("home"),
    user: at("user"),
    extensions: at("extensions"),
    run: at("run"),
    server: at("server"),
    none: at("none"),
  };
}

function commonArguments(folders: Folders): string[] {
  return [
    "--accept-server-license-terms",
    "--server-data-dir",
    folders.server,
    "--user-data-dir",
    folders.user,
    "--extensions-dir",
    folders.extensions,
    "--telemetry-level",
    "off",
    "--disable-telemetry",
  ];
}

async function install(start: Start, vsix: string): Promise<void> {
  const child = start(["--install-extension", vsix, "--force"]);
  const output = collect(child);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || !output().includes("successfully installed")) {
    throw new Error(`${vsix} could not be installed (exit code ${String(code)}):\n${output()}`);
  }
}

async function listen(start: Start, port: number, driven: boolean) {
  const child = start([
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    "--without-connection-token",
    // Needed for windows that name an extension; a window then shows no notifications by itself.
    ...(driven ? ["--enable-smoke-test-driver"] : []),
  ]);
  const output = collect(child);
  const listening = () => /Extension host agent listening on (\d+)/.exec(output())?.[1];
  await waitFor(() => listening() !== undefined || hasEnded(child), {
    timeoutMs: 60_000,
    describe: "VS Code's server to listen",
  });
  if (hasEnded(child)) throw new Error(`VS Code's server ended instead:\n${output()}`);
  return { child, output, port: Number(listening()) };
}

function collect(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  }
  return () => text;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function installedIn(extensionsDir: string): Promise<string[]> {
  const entries = await readdir(extensionsDir, { withFileTypes: true });
  return entries.filter((each) => each.isDirectory()).map(({ name }) => join(extensionsDir, name));
}

function windowUrl(port: number, folder: string, window: WindowOptions = {}): string {
  const authority = `127.0.0.1:${String(port)}`;
  const url = new URL(`http://${authority}/`);
  url.searchParams.set("folder", folder);
  const payload = [
    ["extensionDevelopmentPath", window.developmentPath],
    ["extensionTestsPath", window.testsPath],
  ].flatMap(([key, path]) =>
    path === undefined ? [] : [[key, `vscode-remote://${authority}${path}`]],
  );
  if (payload.length > 0) url.searchParams.set("payload", JSON.stringify(payload));
  return url.href;
}

async function stop(child: ChildProcess, marker: string): Promise<void> {
  if (!hasEnded(child)) {
    child.kill("SIGTERM");
    await waitFor(() => hasEnded(child), { describe: "VS Code's server to end" }).catch(() => {
      child.kill("SIGKILL");
    });
  }
  // Windows that come back may find their extension host alive: by intent it outlives a lost server
  // for hours.
  for (const { pid } of processesWith(marker)) signal(pid, "SIGKILL");
  await waitFor(() => processesWith(marker).length === 0 && hasEnded(child), {
    describe: "all processes of the editor to end",
  });
}
