import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { cacheFolder } from "./cacheFolder.ts";
import { debianSuite, packageMirror } from "./packageMirror.ts";
import { recordSkip } from "./requireTool.ts";

/** The programs of one version of OpenSSH, as paths or names on the PATH. */
export interface OpenSshClient {
  readonly ssh: string;
  readonly scp: string;
  readonly sftp: string;
  /** As a number: 9.2. */
  readonly version: number;
}

export function installedOpenSsh(): OpenSshClient {
  return clientOf({ ssh: "ssh", scp: "scp", sftp: "sftp" });
}

const SUITE = "trixie";
const SOURCE = "openssh_10.0p1.orig.tar.gz";
const PROGRAMS = ["ssh", "scp", "sftp"];
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const BUILD_TIMEOUT_MS = 10 * Minute.ms;

/**
 * A newer OpenSSH than that of Debian 12: the one in the folder GPU_DEV_OPENSSH, otherwise 10.0,
 * which CI builds once from the source package of Debian 13. Skips the suite, also in CI, if there
 * is none, and says why.
 */
export async function requireNewerOpenSsh(context: Mocha.Context): Promise<OpenSshClient> {
  const given = process.env["GPU_DEV_OPENSSH"];
  if (given !== undefined) return clientIn(given);
  const folder = cacheFolder("openssh-10.0p1");
  if (existsSync(folder)) return clientIn(folder);
  const why =
    process.env["CI"] === "true"
      ? await build(folder).catch((error: unknown) => String(error))
      : "OpenSSH 10.0 is not built yet; CI=true builds it, or name a folder in GPU_DEV_OPENSSH";
  if (why === undefined) return clientIn(folder);
  recordSkip(context.test ?? context.currentTest, why);
  return context.skip();
}

function clientIn(folder: string): OpenSshClient {
  const [ssh = "", scp = "", sftp = ""] = PROGRAMS.map((name) => join(folder, name));
  return clientOf({ ssh, scp, sftp });
}

function clientOf(programs: Omit<OpenSshClient, "version">): OpenSshClient {
  // ssh prints its version on stderr.
  const text = execFileSync("/bin/sh", ["-c", '"$0" -V 2>&1', programs.ssh], { encoding: "utf8" });
  return { ...programs, version: Number(/OpenSSH_(\d+\.\d+)/.exec(text)?.[1] ?? Number.NaN) };
}

/** apt checks the signature of the release, and with it the source. */
async function build(folder: string): Promise<undefined> {
  const temporary = `${folder}.${String(process.pid)}`;
  const apt = join(temporary, "apt");
  mkdirSync(join(apt, "lists/partial"), { recursive: true });
  const source = join(apt, "sources.list");
  const mirror = packageMirror(debianSuite());
  writeFileSync(source, `deb-src [signed-by=${KEYRING}] ${mirror} ${SUITE} main\n`);
  const settings = {
    "Dir::Etc::SourceList": source,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": join(apt, "lists"),
    "Dir::Cache": apt,
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const run = (program: string, args: readonly string[]) =>
    promisify(execFile)(program, args, { cwd: temporary, timeout: BUILD_TIMEOUT_MS });
  try {
    await run("apt-get", [...options, "-qq", "update"]);
    await run("apt-get", [...options, "-qq", "--download-only", "source", "openssh"]);
    await run("tar", ["-xzf", SOURCE, "--strip-components=1"]);
    // A test client needs no optimised code, and this takes half the time.
    await run("./configure", ["--quiet", "CFLAGS=-O0"]);
    await run("make", ["-s", `-j${String(cpus().length)}`, ...PROGRAMS]);
    const built = join(temporary, "built");
    mkdirSync(built);
    for (const name of PROGRAMS) renameSync(join(temporary, name), join(built, name));
    renameSync(built, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return undefined;
}
