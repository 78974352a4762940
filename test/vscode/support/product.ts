import { join } from "node:path";
import { type ApiClient, createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { requestToken } from "@gpu-dev/client/signIn/signIn.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { requireTool } from "../../support/requireTool.ts";
import { startWholeSystem, type WholeSystem } from "../../support/wholeSystem.ts";
import { requireChromium, startBrowser, type TestBrowser } from "./browser.ts";
import type { EditorSettings } from "./editorSettings.ts";
import { requireEditor } from "./installEditor.ts";
import { packExtension } from "./packExtension.ts";
import { startVsCode, type VsCodeServer } from "./vscodeServer.ts";
import type { Workbench } from "./workbench.ts";

/** Everything a user has: the system that `npm start` runs, and an editor with our extension. */
export interface Product {
  readonly system: WholeSystem;
  readonly server: VsCodeServer;
  readonly browser: TestBrowser;
  /** The folder that the windows open. */
  readonly folder: string;
  openWindow(): Promise<Workbench>;
  /** A client of the API with the permissions of the user of the windows. */
  client(): Promise<ApiClient>;
  remove(): Promise<void>;
}

/** For a `before` hook: if a tool is missing, skips the suite, or fails it in CI. */
export async function startProduct(
  context: Mocha.Context,
  settings: EditorSettings = {},
): Promise<Product> {
  const editor = requireEditor(context);
  requireChromium(context);
  requireTool(context, "ssh", "ssh-keygen", "python3");
  const undo: (() => Promise<void>)[] = [];
  const remove = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const dir = await makeTempDir("editor");
    undo.push(() => dir.remove());
    const system = await startWholeSystem();
    undo.push(() => system.remove());
    const server = await startVsCode({
      editor,
      dataDir: dir.path,
      extensions: [await packExtension()],
      settings: { ...settings, values: { "gpuDev.server": system.url, ...settings.values } },
      env: { TZ: "UTC" },
    });
    undo.push(() => server.stop());
    const browser = await startBrowser();
    undo.push(() => browser.close());
    const folder = join(dir.path, "home");
    const openWindow = () => browser.open(server.url(folder));
    const client = async () => {
      const { token } = await requestToken(system.url, { identity: undefined });
      return createApiClient({ baseUrl: system.url, token: () => token });
    };
    return { system, server, browser, folder, openWindow, client, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
