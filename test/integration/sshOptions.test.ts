import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { findConflicts } from "@gpu-dev/client/ssh/configConflicts.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { openHostFiles } from "@gpu-dev/client/ssh/hostFiles.ts";
import { parseResolved, resolveHost } from "@gpu-dev/client/ssh/openssh.ts";
import { SSH_OPTIONS, type SshOption } from "@gpu-dev/client/ssh/sshOptions.ts";
import { enableInclude } from "@gpu-dev/client/ssh/userConfig.ts";
import { freePort } from "../support/freePort.ts";
import {
  installedOpenSsh,
  type OpenSshClient,
  requireNewerOpenSsh,
} from "../support/openSshClients.ts";
import { requireTool } from "../support/requireTool.ts";
import { fetchThroughSocks, openProgram, runClient } from "../support/sshClient.ts";
import { liveHost } from "../support/sshHostFixtures.ts";
import { OPTION_TRIALS } from "../support/sshOptionTrials.ts";
import { waitFor } from "../support/waitFor.ts";
import { startWeb } from "../support/webServer.ts";
import { type SshServerUnderTest, startServer } from "./sshConduct/serverUnderTest.ts";

const HOST = "gpu-dev-box1";
const NOW = new Date("2026-11-23T12:00:00.000Z");
const AT_ONCE = 4;
const HEADERS = ["Host *", "Match all", "Match final all"];
const SET = SSH_OPTIONS.filter(({ role, name }) => role === "set" && name !== "IgnoreUnknown");

describeClient("the installed OpenSSH", (context) => {
  requireTool(context, "ssh", "scp", "sftp", "rsync");
  return Promise.resolve(installedOpenSsh());
});
describeClient("a newer OpenSSH", requireNewerOpenSsh);

function describeClient(
  name: string,
  requireClient: (context: Mocha.Context) => Promise<OpenSshClient>,
): void {
  describe(`the options of ssh_config(5) in the user's file, with ${name}`, function () {
    this.timeout(3 * Minute.ms);
    let client: OpenSshClient;
    let server: SshServerUnderTest;
    let ownConfig: string;

    before(async function () {
      this.timeout(10 * Minute.ms);
      client = await requireClient(this);
      server = await startServer("dev-cluster");
      ownConfig = await writeHost(server);
    });
    after(() => server?.stop()); // eslint-disable-line @typescript-eslint/no-unnecessary-condition

    /** A user's config with the settings below our Include line. */
    let configs = 0;
    const userConfig = async (text: string): Promise<string> => {
      const path = join(server.folder, `config${String((configs += 1))}`);
      await writeFile(path, text, { mode: 0o600 });
      const { platform } = process;
      await enableInclude({ fs: realFileSystem, platform, path, includePath: ownConfig });
      return path;
    };
    /** What a caller that uses ssh as a pipe gets. */
    const converse = async (config: string) => {
      const command = "echo connected; cat; ls /nowhere";
      const { code, stdout } = await runClient(client.ssh, ["-F", config, HOST, command], {
        input: "input",
      });
      return { code, stdout };
    };
    const CONVERSED = { code: 2, stdout: "connected\ninput" };
    const conflictsOf = (configFile: string) =>
      findConflicts({ ssh: client.ssh, configFile, ownConfig }, HOST).catch((error: unknown) => [
        String(error),
      ]);

    it("each in a block for all hosts leaves the connection as it is, or is named", async () => {
      const problems = await inParallel(SSH_OPTIONS, async ({ name: option, role }) => {
        const value = OPTION_TRIALS[option] ?? "";
        if (value === "") return [];
        const config = await userConfig(`Host *\n  ${option} ${value}\n`);
        const conflicts = await conflictsOf(config);
        const named = conflicts.some((conflict) => conflict.includes(option));
        if (named) return role === "policy" ? [] : [`${option}: ${conflicts.join()}`];
        const result = await converse(config);
        if (JSON.stringify(result) === JSON.stringify(CONVERSED)) return [];
        return [`${option}: ${JSON.stringify(result)}`];
      });
      assert.deepEqual(problems.flat(), []);
    });

    it("that we set keep our values in blocks for all hosts, also in a final pass", async () => {
      const wanted = await effective(client, ownConfig);
      const problems = await inParallel(SET, async ({ name: option }) => {
        const differing: string[] = [];
        for (const header of HEADERS) {
          const config = await userConfig(
            `${header}\n  ${option} ${OPTION_TRIALS[option] ?? ""}\n`,
          );
          const actual = await effective(client, config);
          if (option === "IdentityFile") actual.set("identityfile", wanted.get("identityfile"));
          if (JSON.stringify([...actual]) !== JSON.stringify([...wanted])) {
            differing.push(`${header} ${option}`);
          }
        }
        return differing;
      });
      assert.deepEqual(problems.flat(), []);
    });

    for (const header of HEADERS) {
      it(`together in "${header}" change no ssh, scp, sftp, rsync or Remote-SSH`, async () => {
        // AddKeysToAgent asks on the terminal of the developer if it reaches ssh.
        const settings = SET.map(
          ({ name: option }) => `  ${option} ${OPTION_TRIALS[option] ?? ""}`,
        );
        const config = await userConfig(`${header}\n${settings.join("\n")}\n`);
        assert.deepEqual(await converse(config), CONVERSED);
        await copiesFiles(client, server, config);
        await forwardsLikeRemoteSsh(client, server.folder, config);
      });
    }

    it("that prevent a connection are named with their file and line", async () => {
      const lines = ["User bob", "Host *", "  KexAlgorithms diffie-hellman-group14-sha1"];
      const config = await userConfig(`${lines.join("\n")}\n  RevokedHostKeys /nowhere/revoked\n`);
      const text = await readFile(config, "utf8");
      const line = (setting: string) =>
        String(text.split("\n").findIndex((each) => each.trim() === setting) + 1);
      assert.deepEqual(await conflictsOf(config), [
        `ssh uses KexAlgorithms "diffie-hellman-group14-sha1" from ${config} line ` +
          `${line("KexAlgorithms diffie-hellman-group14-sha1")}, and the server supports none of them.`,
        `ssh uses RevokedHostKeys "/nowhere/revoked" from ${config} line ` +
          `${line("RevokedHostKeys /nowhere/revoked")}, and connects to no host while that file can't be read.`,
      ]);
      await writeFile(config, `User bob\n${text}`);
      const [first] = await conflictsOf(config);
      assert.equal(first, `ssh uses User "bob" from ${config} line 1 for ${HOST}, not our "dev".`);
    });

    it("that leave out the type of a key that the user chose are named", async () => {
      const config = await userConfig("Host *\n  PubkeyAcceptedKeyTypes rsa-sha2-512\n");
      const options = { ssh: client.ssh, configFile: config, ownConfig };
      const [conflict = "", ...others] = await findConflicts(options, "gpu-dev-box2");
      assert.match(
        conflict,
        /^ssh uses PubkeyAcceptedAlgorithms "rsa-sha2-512" from \S+ line \d+, /,
      );
      assert.match(conflict, /which leaves out the type of your key\.$/);
      assert.deepEqual(others, []);
    });

    it("are all in our table", async () => {
      const { output } = await resolveHost(
        { ssh: client.ssh, configFile: "/dev/null" },
        "elsewhere",
      );
      const known = new Set(SSH_OPTIONS.map(({ name: option }) => option.toLowerCase()));
      const unknown = [...parseResolved(output).keys()].filter((option) => !known.has(option));
      assert.deepEqual(unknown, []);
    });
  });
}

async function writeHost(server: SshServerUnderTest): Promise<string> {
  const ownDir = join(server.folder, "own");
  const hostKey = await readFile(join(server.folder, "host.pub"), "utf8");
  const identityFile = join(ownDir, "ssh/id_ed25519");
  await mkdir(join(ownDir, "ssh"), { recursive: true });
  await copyFile(server.key, identityFile);
  const files = openHostFiles({
    fs: realFileSystem,
    platform: process.platform,
    ownDir,
    server: "127.0.0.1:8710",
    identityFile,
    explainCommand: ["/bin/false"],
    now: () => NOW,
  });
  const address = { port: server.port, hostKeys: [hostKey.trim()] };
  const live = [liveHost(1, address), liveHost(2, { ...address, identityFile: server.key })];
  await files.sync({ me: "ada", live, ended: [] });
  return files.paths.index;
}

/** The options that decide about the connection, as ssh resolves them. */
async function effective(
  { ssh }: OpenSshClient,
  configFile: string,
): Promise<Map<string, string[] | undefined>> {
  const resolved: Map<string, string[] | undefined> = parseResolved(
    (await resolveHost({ ssh, configFile }, HOST)).output,
  );
  // Not used with the options that we set: ProxyCommand, BindAddress and PermitLocalCommand.
  for (const option of ["localcommand", "bindinterface", "host"]) resolved.delete(option);
  return resolved;
}

async function copiesFiles(
  client: OpenSshClient,
  { folder, workspace }: SshServerUnderTest,
  config: string,
): Promise<void> {
  const source = join(folder, "source");
  await writeFile(source, "content\r\n\0");
  const remote = (name: string) => join(workspace, name);
  const scp = ["-S", client.ssh, "-F", config, source, `${HOST}:${remote("by-scp")}`];
  const sftp = ["-S", client.ssh, "-F", config, "-b", "-", HOST];
  const rsync = ["-e", `${client.ssh} -F ${config}`, source, `${HOST}:${remote("by-rsync")}`];
  const results = [
    await runClient(client.scp, scp),
    await runClient(client.sftp, sftp, { input: `put ${source} ${remote("by-sftp")}\n` }),
    await runClient("rsync", rsync),
  ];
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  for (const name of ["by-scp", "by-sftp", "by-rsync"]) {
    assert.equal(await readFile(remote(name), "utf8"), "content\r\n\0");
  }
}

/** Remote-SSH: a script on stdin of a remote shell, and a SOCKS proxy through the connection. */
async function forwardsLikeRemoteSsh(
  { ssh }: OpenSshClient,
  folder: string,
  config: string,
): Promise<void> {
  const web = await startWeb(folder);
  const proxy = await freePort();
  const args = ["-T", "-D", String(proxy), "-o", "ConnectTimeout=15", "-F", config, HOST, "bash"];
  const open = openProgram(ssh, args, "echo script-ran; exec sleep 60\n");
  try {
    await waitFor(() => open.output().includes("script-ran"), { describe: "the script" });
    assert.match(await fetchThroughSocks(proxy, web.port), /200 OK/);
  } finally {
    await open.close();
    await web.stop();
  }
}

async function inParallel<T>(
  options: readonly SshOption[],
  work: (option: SshOption) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  const queue = [...options];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results.push(await work(next));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
