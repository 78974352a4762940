import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireTool } from "../support/requireTool.ts";
import { makeTempDir, type TempDir } from "../support/tempDir.ts";
import { type ApiUnderTest, type Caller, send, startApi } from "./api/apiUnderTest.ts";
import { type CliPlace, runCli } from "./cliUnderTest.ts";

/** Each test signs in as somebody of its own: keys stay with their user. */
describe("the command line's sign-in at the real control plane", function () {
  this.timeout(60_000);
  let api: ApiUnderTest;
  let dir: TempDir;
  let place: CliPlace;

  before(async function () {
    requireTool(this, "ssh", "ssh-keygen");
    api = await startApi();
  });
  after(async () => {
    await api.stop();
  });
  beforeEach(async () => {
    dir = await makeTempDir("cli");
    place = { server: api.url, home: dir.path };
  });
  afterEach(async () => {
    await dir.remove();
  });

  const credentials = () => join(dir.path, ".config", "gpu-dev", "credentials.json");
  const tokenOf = async () => {
    const all = JSON.parse(await readFile(credentials(), "utf8")) as Record<
      string,
      { token: string }
    >;
    return all[api.url]?.token ?? "";
  };
  const revoke = async (token: string) => {
    const init = { method: "DELETE", headers: { authorization: `Bearer ${token}` } };
    assert.equal((await send(`${api.url}/v1/tokens/current`, init)).status, 204);
  };
  const makeKey = (path: string) => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path]);
  };
  const keysOf = async (user: Caller) => {
    const items = (await user.get("/v1/keys")).body["items"] as { publicKey: string }[];
    return items.map(({ publicKey }) => dataOf(publicKey)).sort();
  };

  it("signs in again automatically, as the same user, after the token was revoked", async () => {
    const login = await runCli(place, "login", "--as", "operator");
    assert.equal(login.code, 0, login.err);
    const first = await tokenOf();
    await revoke(first);

    const status = await runCli(place, "status", "--json");
    const { me } = JSON.parse(status.out) as { me: { name: string; role: string } };
    assert.deepEqual([me.name, me.role], ["operator", "operator"]);
    const second = await tokenOf();
    assert.notEqual(second, first);
    assert.equal((await stat(credentials())).mode & 0o777, 0o600);
    assert.ok(!`${status.out}${status.err}`.includes(second));

    await runCli(place, "list");
    assert.equal(await tokenOf(), second, "a good token is kept");
  });

  it("says once how to sign in, if it cannot do so automatically", async () => {
    assert.equal((await runCli(place, "login", "--as", "edsger")).code, 0);
    await revoke(await tokenOf());
    const elsewhere = await startApi();
    try {
      // The same token at a server that never issued it, and whose secret file no longer exists.
      const { secretFile } = await signInMethod(elsewhere);
      await rm(secretFile);
      const text = await readFile(credentials(), "utf8");
      await writeFile(credentials(), text.replaceAll(api.url, elsewhere.url), { mode: 0o600 });
      const list = await runCli({ ...place, server: elsewhere.url }, "list");
      assert.equal(list.code, 3, list.err);
      assert.equal(list.err.match(/sign in/gi)?.length, 1, list.err);
      assert.match(list.err, /gpu-dev login/);
    } finally {
      await elsewhere.stop();
    }
  });

  it("--identity registers that key, and creates no key pair", async () => {
    const key = join(dir.path, "mine");
    makeKey(key);
    const login = await runCli(place, "login", "--as", "barbara", "--identity", key, "--json");
    assert.equal(login.code, 0, login.err);
    assert.equal((JSON.parse(login.out) as { identityFile: string }).identityFile, key);
    const barbara = await api.signIn("barbara");
    assert.deepEqual(await keysOf(barbara), [dataOf(await readFile(`${key}.pub`, "utf8"))]);
    await assert.rejects(stat(join(dir.path, ".gpu-dev/ssh/id_ed25519")), { code: "ENOENT" });
  });

  it("registers our own key and those in ~/.ssh that have a private key, each once", async () => {
    const ssh = join(dir.path, ".ssh");
    await mkdir(ssh, { mode: 0o700 });
    makeKey(join(ssh, "id_ed25519"));
    makeKey(join(ssh, "orphan"));
    await rm(join(ssh, "orphan"));
    const before = await readFile(join(ssh, "id_ed25519.pub"), "utf8");
    const first = JSON.parse(
      (await runCli(place, "login", "--as", "alan", "--json")).out,
    ) as object;
    assert.equal((first as { keysAdded: number }).keysAdded, 2);
    const own = await readFile(join(dir.path, ".gpu-dev/ssh/id_ed25519.pub"), "utf8");
    const alan = await api.signIn("alan");
    assert.deepEqual(await keysOf(alan), [dataOf(before), dataOf(own)].sort());
    const again = JSON.parse(
      (await runCli(place, "login", "--as", "alan", "--json")).out,
    ) as object;
    assert.equal((again as { keysAdded: number }).keysAdded, 0);
  });
});

async function signInMethod(api: ApiUnderTest): Promise<{ secretFile: string }> {
  const { body } = await send(`${api.url}/v1/sign-in`);
  const [method] = body["methods"] as { secretFile: string }[];
  assert.ok(method);
  return method;
}

function dataOf(publicKey: string): string {
  return publicKey.split(" ").slice(0, 2).join(" ");
}
