import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { requireTool } from "../support/requireTool.ts";
import { makeUser, type User } from "../support/user.ts";
import { startWholeSystem, type WholeSystem } from "../support/wholeSystem.ts";

const PAGE = new URL("../../docs/scripting.md", import.meta.url);
const CLIENT = fileURLToPath(new URL("../../client", import.meta.url));

/** The script of docs/scripting.md, against everything that `npm start` runs. */
describe("the documented script", function () {
  this.timeout(120_000);
  let system: WholeSystem;
  let user: User;
  const removals: (() => Promise<unknown>)[] = [];

  before(async function () {
    requireTool(this, "ssh", "scp", "ssh-keygen");
    system = await startWholeSystem();
    removals.push(() => system.remove());
    user = await makeUser(system.url);
    removals.push(() => user.remove());
  });
  after(async () => {
    for (const remove of removals.reverse()) await remove();
  });

  it("reserves, waits, copies files both ways, runs commands, extends and cancels", async () => {
    await user.gpuDevDone("login", "--as", "ada");
    const script = join(user.home, "nightly.ts");
    const [, source = ""] = /```ts\n([^]*?)```/.exec(await readFile(PAGE, "utf8")) ?? [];
    await writeFile(script, source);
    await writeFile(join(user.home, "package.json"), JSON.stringify({ type: "module" }));
    await mkdir(join(user.home, "node_modules/@gpu-dev"), { recursive: true });
    await symlink(CLIENT, join(user.home, "node_modules/@gpu-dev/client"));
    const { code, stdout, stderr } = await user.run(process.execPath, [script]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Signed in to http:\S+ as ada\.\nnightly: queued/);
    for (const line of [
      "printed: it's $HOME and *",
      "stdout: 1+2+3",
      "copied: 1+2+3",
      "exit code: 3",
      "nightly: ended",
    ]) {
      assert.ok(stdout.includes(`\n${line}\n`), `${line}\n${stdout}${stderr}`);
    }
    assert.match(stdout, /\nruns until 20\d\d-/);
  });

  it("says how to sign in if there is no credential", async () => {
    await user.gpuDevDone("logout");
    const { code, stderr } = await user.run(process.execPath, [join(user.home, "nightly.ts")]);
    assert.equal(code, 1);
    assert.match(stderr, /SignInError: You are not signed in to http:\S+\. Run "gpu-dev login"/);
  });
});
