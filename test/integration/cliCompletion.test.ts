import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { requireTool } from "../support/requireTool.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type ApiUnderTest, REQUEST, startApi } from "./api/apiUnderTest.ts";
import { type CliPlace, runCli } from "./cliUnderTest.ts";
import { openShell, type ShellName, type ShellOnTerminal } from "./shellUnderTest.ts";

const BUILD = fileURLToPath(new URL("../../cli/build.ts", import.meta.url));

/** Tab is pressed on a pseudo-terminal, in the real shell, against a real control plane. */
describe("shell completion", function () {
  this.timeout(60_000);
  let api: ApiUnderTest;
  let dir: TempDir;
  let place: CliPlace;
  let program: string;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    dir = await makeTempDir("cli");
    const script = join(dir.path, "gpu-dev.mjs");
    execFileSync(process.execPath, [BUILD, script]);
    program = `'${process.execPath}' '${script}'`;
    api = await startApi();
    place = { server: api.url, home: dir.path, script };
    for (const user of ["zoe", "ada"]) {
      const login = await runCli(place, "login", "--as", user);
      assert.equal(login.code, 0, login.err);
    }
    const ada = await api.signIn("ada");
    for (const name of ["demo", "nightly"]) {
      const body = { ...REQUEST, name, disk: `${name}-disk` };
      assert.equal((await ada.post("/v1/reservations", body)).status, 201);
    }
    await mkdir(join(dir.path, "my keys"));
    await writeFile(join(dir.path, "my keys/work.pem"), "");
  });
  after(async () => {
    await api.stop();
    await dir.remove();
  });

  /** What is typed before Tab, and what the line or the list then shows. */
  const CASES: readonly (readonly [string, string | RegExp, string])[] = [
    ["gpu-dev res", "gpu-dev reserve ", "commands"],
    ["gpu-dev disk li", "gpu-dev disk list ", "commands of a command"],
    ["gpu-dev reserve --gpu-t", "--gpu-type ", "options"],
    ["gpu-dev cancel ni", "gpu-dev cancel nightly ", "live reservations"],
    ["gpu-dev cancel nightly d", "cancel nightly demo ", "reservations that are not named yet"],
    ["gpu-dev show de", "gpu-dev show demo ", "reservations"],
    ["gpu-dev reserve -t cpu", "-t cpu-x86 ", "types"],
    ["gpu-dev reserve -t h100 --disk demo", "--disk demo-disk ", "disks"],
    ["gpu-dev reserve --image py", "--image pytorch ", "images"],
    ["gpu-dev reserve --disk=ni", "--disk=nightly-disk ", "values after an equals sign"],
    ["gpu-dev list --as z", "--as zoe ", "signed-in users"],
    ["gpu-dev login --identity my", /--identity (my\\ keys|'my keys)\//, "files"],
    ["gpu-dev config set ssh-include e", "ssh-include enable ", "values of a setting"],
    ["gpu-dev completion f", "completion fish ", "choices"],
  ];

  for (const shell of ["bash", "zsh", "fish"] as const satisfies ShellName[]) {
    describe(`in ${shell}`, () => {
      let terminal: ShellOnTerminal;

      before(async function () {
        requireTool(this, shell);
        terminal = await openShell(shell, { home: dir.path, server: api.url, program });
      });
      after(() => {
        terminal.stop();
      });

      for (const [typed, wanted, what] of CASES) {
        it(`Tab completes ${what}`, async () => {
          await terminal.completes(typed, wanted);
        });
      }

      it("Tab after a name that matches nothing changes nothing, and prints no error", async () => {
        await terminal.completes("gpu-dev show zzz", "show zzz");
        await terminal.completes("gpu-dev list --as nobody", "nobody");
        assert.doesNotMatch(terminal.printed(), /error/);
      });
    });
  }

  it("an unreachable server or a missing sign-in completes nothing, and exits with 0", async () => {
    const home = join(dir.path, "empty");
    for (const server of ["http://127.0.0.1:1", api.url]) {
      const words = ["complete", "bash", "--", "cancel", ""];
      const tab = await runCli({ ...place, server, home }, ...words);
      assert.deepEqual([tab.code, tab.out, tab.err], [0, "", ""]);
    }
  });
});
