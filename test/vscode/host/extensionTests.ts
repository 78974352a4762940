import assert from "node:assert/strict";
import {
  commands,
  ConfigurationTarget,
  type Extension,
  extensions,
  window,
  workspace,
} from "vscode";
import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { requestToken } from "@gpu-dev/client/signIn/signIn.ts";
import { waitFor } from "../../support/waitFor.ts";

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly views: { readonly gpuDev: readonly { readonly id: string }[] };
  };
}

/** Tests of the extension as the editor and other extensions see it from the extension host. */
export function defineExtensionTests(): void {
  describe("the extension inside the extension host", () => {
    const server = variable("TEST_SERVER");
    let extension: Extension<unknown>;

    before(() => {
      const found = extensions.getExtension("gpu-dev.vscode-gpu-dev");
      assert.ok(found, "the extension is installed");
      extension = found;
    });

    it("activates without a network call", async () => {
      await extension.activate();
      assert.equal(extension.isActive, true);
      assert.equal(workspace.getConfiguration("gpuDev").get("server"), variable("TEST_FIRST"));
      assert.deepEqual(await counts(), { first: 0, hostile: 0 });
    });

    it("registers exactly the commands of its manifest", async () => {
      const { contributes } = extension.packageJSON as Manifest;
      const views = contributes.views.gpuDev.map(({ id }) => id);
      const isOfAView = (id: string) => views.some((view) => id.startsWith(`${view}.`));
      const registered = (await commands.getCommands(true)).filter(
        (id) => id.startsWith("gpuDev.") && !isOfAView(id),
      );
      const declared = contributes.commands.map(({ command }) => command);
      assert.deepEqual(registered.sort(), declared.sort());
    });

    it("uses a changed server for the next command", async () => {
      await commands.executeCommand("gpuDev.signIn");
      assert.ok((await counts()).first > 0, "the first server received a connection");
      const settings = workspace.getConfiguration("gpuDev");
      await settings.update("server", server, ConfigurationTarget.Global);
      await waitFor(() => workspace.getConfiguration("gpuDev").get("server") === server, {
        describe: "the setting to be changed",
      });
      await commands.executeCommand("gpuDev.signIn");
    });

    it("S7: workspace settings change neither the server nor the key", async () => {
      const settings = workspace.getConfiguration("gpuDev");
      assert.equal(settings.get("server"), server);
      assert.equal(settings.get("identityFile"), "");
      assert.match(await repositorySettings(), new RegExp(variable("TEST_HOSTILE")));
      assert.equal((await counts()).hostile, 0);
    });

    it("rejects invalid arguments of commands", async () => {
      const invalidArguments = [
        { target: { kind: "reservation", id: "../../etc/passwd" } },
        { kind: "reservation" },
        { kind: "gpuType", gpuType: 7 },
        "demo; rm -rf /",
        [],
        null,
      ];
      for (const command of ["gpuDev.showDetails", "gpuDev.cancel", "gpuDev.extend"]) {
        for (const argument of invalidArguments) {
          assert.equal(await commands.executeCommand(command, argument), undefined);
        }
      }
      const client = createApiClient({ baseUrl: server, token: await tokenOf(server) });
      assert.deepEqual(
        (await client.call("listReservations", { query: { state: "all" } })).items,
        [],
      );
    });

    it("shows the details of a reservation by its id, and clears them on sign-out", async () => {
      const client = createApiClient({ baseUrl: server, token: await tokenOf(server) });
      const { id } = await client.call("createReservation", {
        body: { gpuType: "t4", gpus: 1, durationSeconds: 3_600, name: "inside" },
      });
      await waitFor(
        async () => {
          await commands.executeCommand("gpuDev.showDetailsText", { kind: "reservation", id });
          return shownText().startsWith("inside\n");
        },
        { timeoutMs: 30_000, describe: "the details" },
      );
      await commands.executeCommand("gpuDev.signOut");
      await waitFor(() => shownText().includes("You are signed out"), {
        describe: "the details to be cleared",
      });
    });
  });
}

function shownText(): string {
  return window.activeTextEditor?.document.getText() ?? "";
}

/** The number of connections that each counting server has received. */
async function counts(): Promise<{ readonly first: number; readonly hostile: number }> {
  const response = await fetch(variable("TEST_COUNTS"));
  return (await response.json()) as { first: number; hostile: number };
}

async function tokenOf(server: string): Promise<() => string> {
  const { token } = await requestToken(server, { identity: undefined });
  return () => token;
}

async function repositorySettings(): Promise<string> {
  const [file] = await workspace.findFiles(".vscode/settings.json");
  assert.ok(file, "the repository has settings");
  return Buffer.from(await workspace.fs.readFile(file)).toString("utf8");
}

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is set`);
  return value;
}
