import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  type ProgramOptions,
  runClient,
  ssh,
  sshOptions,
  TARGET,
} from "../../../support/sshClient.ts";
import { HANG_MS, outcomeOf, type ConductCase, type Outcome } from "../conductCase.ts";
import type { SshServerUnderTest } from "../serverUnderTest.ts";

/** Files over sftp and scp, each case in its own folder of the workspace. */
export const FILE_CASES: readonly ConductCase[] = [
  {
    name: "sftp: put and get keep the content",
    expected: { code: 0, same: true },
    observe: async (server) => {
      const file = createFile(server, "random", randomBytes(3_000_000));
      const { code } = await sftp(server, `put ${file} got\nget got ${file}.back\n`);
      return { code, same: readFileSync(file).equals(readFileSync(`${file}.back`)) };
    },
  },
  {
    name: "sftp: put and get keep modes and times with -p",
    expected: { code: 0, there: [0o750, 1_000_000_000], back: [0o750, 1_000_000_000] },
    observe: async (server) => {
      const file = createFile(server, "timed", "text");
      chmodSync(file, 0o750);
      utimesSync(file, 1_000_000_000, 1_000_000_000);
      const { code } = await sftp(server, `put -p ${file} timed\nget -p timed ${file}.back\n`);
      const facts = (path: string) => {
        const { mode, mtimeMs } = statSync(path);
        return [mode & 0o777, mtimeMs / 1000];
      };
      return { code, there: facts(join(server.workspace, "timed")), back: facts(`${file}.back`) };
    },
  },
  {
    name: "sftp: directories are created, listed, renamed and removed",
    expected: { code: 0, listing: "d2/a\nd2/b\n", removed: true },
    observe: async (server) => {
      const file = createFile(server, "a", "text");
      const batch = `mkdir d1\nput ${file} d1/a\nput ${file} d1/b\nrename d1 d2\nls -1 d2\n`;
      const { code, stdout } = await sftp(server, `${batch}rm d2/*\nrmdir d2\n`);
      const listing = stdout.replaceAll(/^(sftp>|Removing|Uploading|Fetching).*\n/gm, "");
      return { code, listing, removed: !existsSync(join(server.workspace, "d2")) };
    },
  },
  {
    name: "sftp: a directory of 300 files is listed completely",
    expected: { code: 0, count: 300 },
    observe: async (server) => {
      mkdirSync(join(server.workspace, "many"));
      for (let index = 0; index < 300; index += 1) {
        writeFileSync(join(server.workspace, "many", `file-${String(index)}`), "");
      }
      const { code, stdout } = await sftp(server, "ls -1 many\n");
      return { code, count: stdout.match(/many\/file-\d+/g)?.length };
    },
  },
  {
    name: "sftp: rename replaces an existing file",
    expected: { code: 0, content: "new" },
    observe: async (server) => {
      const [first, second] = [createFile(server, "old", "old"), createFile(server, "new", "new")];
      const batch = `put ${first} target\nput ${second} source\nrename source target\n`;
      const { code } = await sftp(server, batch);
      return { code, content: readFileSync(join(server.workspace, "target"), "utf8") };
    },
  },
  {
    name: "sftp: symbolic links keep their target and are followed",
    expected: { code: 0, target: "linked", content: "text" },
    observe: async (server) => {
      const file = createFile(server, "linked", "text");
      const back = join(server.folder, "linked.back");
      const { code } = await sftp(server, `put ${file}\nln -s linked link\nget link ${back}\n`);
      const target = readlinkSync(join(server.workspace, "link"));
      return { code, target, content: readFileSync(back, "utf8") };
    },
  },
  {
    name: "sftp: hard links",
    expected: { code: 0, links: 2 },
    observe: async (server) => {
      const file = createFile(server, "hard", "text");
      const { code } = await sftp(server, `put ${file}\nln hard hard2\n`);
      return { code, links: lstatSync(join(server.workspace, "hard")).nlink };
    },
  },
  {
    name: "sftp: df shows the free space",
    expected: { code: 0, shown: true },
    observe: async (server) => {
      const { code, stdout } = await sftp(server, "df\n");
      return { code, shown: /%Capacity|%capacity/.test(stdout) };
    },
  },
  {
    name: "sftp: a missing file is reported as such",
    expected: { code: 1, reason: true },
    observe: async (server) => {
      const { code, stderr } = await sftp(server, "get missing\n");
      return { code, reason: /"?WORKSPACE\/missing"? not found/.test(stderr) };
    },
  },
  {
    name: "sftp: a file that is not regular is refused",
    expected: { code: 1, reason: true },
    observe: async (server) => {
      execFileSync("mkfifo", [join(server.workspace, "fifo")]);
      const file = createFile(server, "data", "text");
      const { code, stderr } = await sftp(server, `put ${file} fifo\n`, { timeoutMs: HANG_MS });
      return { code, reason: /fifo.*: Failure/.test(stderr) };
    },
    ownServer: true,
  },
  {
    name: "sftp: opening FIFOs does not block later logins",
    expected: { code: 0 },
    observe: async (server) => {
      execFileSync("mkfifo", [join(server.workspace, "fifo")]);
      const file = createFile(server, "data", "text");
      const put = () => sftp(server, `put ${file} fifo\n`, { timeoutMs: HANG_MS });
      await Promise.all([put(), put(), put(), put()]);
      const { code } = await ssh(server, ["true"], { timeoutMs: HANG_MS });
      return { code: code ?? "timed out" };
    },
    ownServer: true,
  },
  {
    name: "scp: files keep content and mode, names start in the workspace",
    expected: { codes: [0, 0, 0], found: [true, true, true], mode: 0o640 },
    observe: async (server) => {
      const file = createFile(server, "copy", "text");
      chmodSync(file, 0o640);
      const names = ["plain", "~/tilde", join(server.home, "full")];
      const codes = [];
      for (const name of names) {
        const args = ["-p", ...sshOptions(server), file, `${TARGET}:${name}`];
        codes.push((await runClient("scp", args)).code);
      }
      const paths = ["plain", "tilde", ".home/full"].map((name) => join(server.workspace, name));
      const mode = statSync(join(server.workspace, "plain")).mode & 0o777;
      return { codes, found: paths.map((path) => existsSync(path)), mode };
    },
  },
  {
    name: "scp: directories are copied both ways, with the old protocol too",
    expected: { codes: [0, 0, 0, 0], contents: ["deep", "deep"] },
    observe: async (server) => {
      const codes = [];
      const contents = [];
      for (const protocol of [[], ["-O"]]) {
        const name = protocol.length === 0 ? "tree" : "old-tree";
        const tree = join(server.folder, name);
        mkdirSync(join(tree, "inner"), { recursive: true });
        writeFileSync(join(tree, "inner/file"), "deep");
        const options = ["-r", ...protocol, ...sshOptions(server)];
        codes.push((await runClient("scp", [...options, tree, `${TARGET}:${name}`])).code);
        const down = [...options, `${TARGET}:${name}`, `${tree}.back`];
        codes.push((await runClient("scp", down)).code);
        contents.push(readFileSync(join(`${tree}.back`, "inner/file"), "utf8"));
      }
      return { codes, contents };
    },
  },
];

function createFile(server: SshServerUnderTest, name: string, content: string | Buffer): string {
  const path = join(server.folder, name);
  writeFileSync(path, content);
  return path;
}

async function sftp(
  server: SshServerUnderTest,
  batch: string,
  options: ProgramOptions = {},
): Promise<Outcome> {
  const args = [...sshOptions(server), "-b", "-", TARGET];
  const output = await runClient("sftp", args, { input: batch, ...options });
  return outcomeOf(server, output);
}
