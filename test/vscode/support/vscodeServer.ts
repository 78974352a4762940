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
 * An environment variable of every process of an editor. It identifies extension hosts and shells
 * that outlive the server.
 */
const MARKER = "GPU_DEV_TEST_EDITOR";

/** Starts a program on this machine, or in a pod through ssh. The child must carry its output. */
export type Launch = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) => ChildProcess;

export interface ServerOptions {
  readonly editor: Editor;
  /** A folder for this editor alone: its home, user data and extensions. The caller removes it. */
  readonly dataDir: string;
  /** The same folder as the server names it, if that is another path, as in a pod. */
  readonly serverDataDir?: string;
  /** Called when the folder is complete, such as to give it to the account of the server. */
  readonly onPrepared?: () => Promise<void>;
  /** Packages (.vsix) that the editor's own installer installs before the start. */
  readonly extensions?: readonly string[];
  readonly settings?: EditorSettings;
  /** Added to a minimal environment; the server does not inherit the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a process on this machine. */
  readonly launch?: Launch;
  /**
   * Needed for windows that name an extension (`WindowOptions`). Windows then show notifications
   * only in the list behind the bell.
   */
  readonly smokeTestDriver?: boolean;
  /** Starts without the extensions of the editor itself, to measure one extension alone. */
  readonly withoutBuiltinExtensions?: boolean;
  /** Default: a free port, chosen by the server. */
  readonly port?: number;
}

export interface VsCodeServer {
  readonly port: number;
  readonly home: string;
  readonly userDataDir: string;
  /** The folders of the installed extensions, in no particular order. */
  readonly extensions: readonly string[];
  output(): string;
  /** The address of a window on a folder of the machine on which the server runs. */
  url(folder: string, window?: WindowOptions): string;
  /** Ends the server and everything it started, such as extension hosts and terminals. */
  stop(): Promise<void>;
}

export interface WindowOptions {
  /** The folder of an unpacked extension to run instead of an installed one. */
  readonly developmentPath?: string;
  /** A module whose `run()` the extension host calls, to run mocha tests there. */
  readonly testsPath?: string;
}

/** Resolves when the server accepts windows. */
export async function startVsCode(options: ServerOptions): Promise<VsCodeServer> {
  const { editor, launch = launchLocally } = options;
  const ownFolders = foldersIn(options.dataDir);
  for (const folder of Object.values(ownFolders)) await mkdir(folder, { recursive: true });
  await writeSettings(ownFolders.user, options.settings);
  await options.onPrepared?.();
  const folders = foldersIn(options.serverDataDir ?? options.dataDir);
  const mark = randomUUID();
  const env = {
    PATH: `${dirname(editor.node)}:${process.env["PATH"] ?? ""}`,
    HOME: folders.home,
    LANG: "C.UTF-8",
    SHELL: "/bin/bash",
    // In the folder of the editor, so that the sockets of a killed editor are removed with it.
    XDG_RUNTIME_DIR: folders.run,
    // Without a gallery, an installation from it fails at once and sends no request.
    EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: "" }),
    ...options.env,
    [MARKER]: mark,
  };
  const common = commonArguments(folders, options.withoutBuiltinExtensions ?? false);
  const start = (args: readonly string[]) =>
    launch(editor.node, [editor.serverMain, ...common, ...args], env);
  for (const vsix of options.extensions ?? []) await install(start, vsix);
  const server = await listen(start, options.port ?? 0, options.smokeTestDriver ?? false);
  return {
    ...server,
    home: ownFolders.home,
    userDataDir: ownFolders.user,
    extensions: await installedIn(ownFolders.extensions),
    url: (folder, window) => windowUrl(server.port, folder, window),
    stop: () => stop(server.child, `${MARKER}=${mark}`),
  };
}

type Start = (args: readonly string[]) => ChildProcess;

function launchLocally(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
}

type Folders = Readonly<
  Record<"home" | "user" | "extensions" | "run" | "server" | "empty", string>
>;

function foldersIn(dataDir: string): Folders {
  return {
    home: join(dataDir, "home"),
    user: join(dataDir, "user"),
    extensions: join(dataDir, "extensions"),
    run: join(dataDir, "run"),
    server: join(dataDir, "server"),
    empty: join(dataDir, "empty"),
  };
}

function commonArguments(folders: Folders, withoutBuiltinExtensions: boolean): string[] {
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
    ...(withoutBuiltinExtensions ? ["--builtin-extensions-dir", folders.empty] : []),
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

async function listen(start: Start, port: number, smokeTestDriver: boolean) {
  const child = start([
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    "--without-connection-token",
    ...(smokeTestDriver ? ["--enable-smoke-test-driver"] : []),
  ]);
  const output = collect(child);
  const listening = () => /Extension host agent listening on (\d+)/.exec(output())?.[1];
  await waitFor(() => listening() !== undefined || hasEnded(child), {
    timeoutMs: 60_000,
    describe: "VS Code's server to listen",
  });
  if (hasEnded(child)) throw new Error(`VS Code's server ended before it listened:\n${output()}`);
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
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(extensionsDir, name));
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
  // By design, an extension host outlives a lost server for hours, so that a window can reconnect.
  for (const { pid } of processesWith(marker)) signal(pid, "SIGKILL");
  await waitFor(() => processesWith(marker).length === 0 && hasEnded(child), {
    describe: "all processes of the editor to end",
  });
}
