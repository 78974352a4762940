import assert from "node:assert/strict";
import { Test } from "mocha";
import { requireTool } from "../support/requireTool.ts";
import { waitFor } from "../support/waitFor.ts";
import { createHostEnvironment } from "./host/hostEnvironment.ts";
import { requireChromium, startBrowser } from "./support/browser.ts";
import { requireEditor } from "./support/installEditor.ts";
import { packExtension } from "./support/packExtension.ts";
import { startVsCode } from "./support/vscodeServer.ts";
import { unpackVsix } from "./support/unpackVsix.ts";

/**
 * Runs the suite of test/vscode/host in the extension host of VS Code's own server.
 * `test:vscode:desktop` runs the same suite in a desktop VS Code.
 */
describe("inside the extension host", function () {
  before(async function () {
    const editor = requireEditor(this);
    requireChromium(this);
    requireTool(this, "ssh", "ssh-keygen", "python3");
    const undo: (() => Promise<void>)[] = [];
    try {
      const environment = await createHostEnvironment();
      undo.push(() => environment.remove());
      const developmentPath = await unpackVsix(await packExtension(), environment.dir);
      const server = await startVsCode({
        editor,
        dataDir: environment.dir,
        smokeTestDriver: true,
        env: environment.env,
        settings: { values: { "gpuDev.server": environment.firstServer } },
      });
      undo.push(() => server.stop());
      const browser = await startBrowser();
      undo.push(() => browser.close());
      const { suite: testsPath, workspace } = environment;
      await browser.open(server.url(workspace, { developmentPath, testsPath }));
      const results = await waitFor(() => environment.results(), {
        timeoutMs: 90_000,
        describe: "the suite in the extension host to end",
      });
      for (const { title, failure } of results) {
        const test = new Test(title, () => {
          if (failure !== null) throw new Error(failure);
        });
        test.file = import.meta.filename;
        hostSuite.addTest(test);
      }
    } finally {
      for (const step of undo.reverse()) await step();
    }
  });

  it("runs at least one test", () => {
    assert.ok(hostSuite.tests.length > 0, "the extension host reported no tests");
  });

  const hostSuite = describe("its tests", () => undefined);
});
