import { readFile, stat } from "node:fs/promises";
import { parseResolved, resolveHost, type ResolveOptions } from "./openssh.ts";
import { SSH_OPTIONS } from "./sshOptions.ts";

export interface ConflictOptions extends ResolveOptions {
  /** Our own config file, which sets the options of our hosts. */
  readonly ownConfig: string;
  /** The pattern of the host's block in our files, if it is not the host's name. */
  readonly pattern?: string;
}

/**
 * Describes each option that keeps ssh from using one of our hosts as we wrote it, in one sentence
 * with the file and line if they are known: options of our block that another block overrides, and
 * options that we leave to the user but that prevent the connection. Throws ConfigError if ssh
 * can't read its configuration.
 */
export async function findConflicts(options: ConflictOptions, host: string): Promise<string[]> {
  const { ssh, ownConfig, pattern = host } = options;
  const actual = await resolveHost(options, host);
  const values = parseResolved(actual.output);
  const expected = parseResolved((await resolveHost({ ssh, configFile: ownConfig }, host)).output);
  const names = await settingsOf(ownConfig, pattern);
  const overridden = names.flatMap((name) => {
    const [own] = expected.get(name) ?? [];
    const [used] = values.get(name) ?? [];
    if (used === own || isUnset(used, own)) return [];
    const instead = `not our ${quote(own ?? "none")}`;
    return [{ name, value: used ?? "none", detail: ` for ${host}, ${instead}` }];
  });
  const found = [...overridden, ...(await preventing(values))];
  return Promise.all(
    found.map(async ({ name, value, detail }) => {
      const where = await originOf(name, actual.errors);
      return `ssh uses ${displayName(name)} ${quote(value)} from ${where}${detail}.`;
    }),
  );
}

interface Conflict {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
}

/** The algorithms that the SSH servers of reservations support, in any version. */
const KEX = [
  "mlkem768x25519-sha256",
  "sntrup761x25519-sha512",
  "sntrup761x25519-sha512@openssh.com",
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group14-sha256",
  "diffie-hellman-group16-sha512",
];
const AEAD_CIPHERS = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
];
const CIPHERS = [...AEAD_CIPHERS, "aes128-ctr", "aes192-ctr", "aes256-ctr"];
const MACS = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
];
const UNSUPPORTED = ", and the server supports none of them";

async function preventing(values: ReadonlyMap<string, string[]>): Promise<Conflict[]> {
  const first = (name: string) => values.get(name)?.[0];
  const list = (name: string) => first(name)?.split(",") ?? [];
  const lacks = (name: string, supported: readonly string[]) =>
    values.has(name) && !list(name).some((each) => supported.includes(each));
  const conflicts: Conflict[] = [];
  const add = (name: string, detail: string) =>
    conflicts.push({ name, value: values.get(name)?.join(" ") ?? "", detail });
  if (lacks("kexalgorithms", KEX)) add("kexalgorithms", UNSUPPORTED);
  if (lacks("ciphers", CIPHERS)) add("ciphers", UNSUPPORTED);
  const cipher = list("ciphers").find((each) => CIPHERS.includes(each)) ?? "";
  // These ciphers authenticate messages themselves.
  if (!AEAD_CIPHERS.includes(cipher) && lacks("macs", MACS)) add("macs", UNSUPPORTED);
  const algorithms = await algorithmsOf(first("identityfile") ?? "");
  if (algorithms.length > 0 && lacks("pubkeyacceptedalgorithms", algorithms)) {
    add("pubkeyacceptedalgorithms", ", which leaves out the type of your key");
  }
  const revoked = first("revokedhostkeys");
  if (revoked !== undefined && !(await isReadable(revoked))) {
    add("revokedhostkeys", ", and connects to no host while that file can't be read");
  }
  const forwards = ["localforward", "remoteforward", "dynamicforward"];
  if (first("exitonforwardfailure") === "yes" && forwards.some((name) => values.has(name))) {
    add("exitonforwardfailure", ", and ends a second connection, whose forwarded ports are in use");
  }
  if (first("identityagent") === "none" && first("identityfile")?.endsWith(".pub") === true) {
    add("identityagent", ", but your key is in an agent");
  }
  return conflicts;
}

/** The signature algorithms of a key; none if it has no public key file. */
async function algorithmsOf(identity: string): Promise<string[]> {
  const path = identity.replaceAll("%%", "%").replace(/(\.pub)?$/, ".pub");
  const [type = ""] = (await readFile(path, "utf8").catch(() => "")).trim().split(" ");
  if (type === "ssh-rsa") return ["rsa-sha2-256", "rsa-sha2-512"];
  return type === "" ? [] : [type];
}

/** ssh leaves out an option that is not set, and some that are set to "none" or "no". */
function isUnset(used: string | undefined, own: string | undefined): boolean {
  const neutral = [undefined, "none", "no", "false"];
  return neutral.includes(used) && neutral.includes(own);
}

/** The lower-case names of the options in the block of a host in our files. */
async function settingsOf(path: string, pattern: string): Promise<string[]> {
  const names: string[] = [];
  let inBlock = false;
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    const [, word = "", argument = ""] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? [];
    const keyword = word.toLowerCase();
    if (keyword === "include") {
      names.push(...(await settingsOf(argument.replaceAll('"', ""), pattern)));
    } else if (keyword === "host" || keyword === "match") {
      inBlock = keyword === "host" && argument === pattern;
    } else if (inBlock && keyword !== "" && keyword !== "ignoreunknown") {
      names.push(ALIASES.get(keyword) ?? keyword);
    }
  }
  return names;
}

const ALIASES: ReadonlyMap<string, string> = new Map(
  SSH_OPTIONS.flatMap(({ name, aliases = [] }) =>
    aliases.map((alias) => [alias.toLowerCase(), name.toLowerCase()] as const),
  ),
);

function displayName(name: string): string {
  return SSH_OPTIONS.find((option) => option.name.toLowerCase() === name)?.name ?? name;
}

/**
 * Where an option is set, by the files and Host blocks that ssh reports to use. ssh reports no line
 * for Match blocks, so only those for all hosts are considered.
 */
async function originOf(name: string, debugOutput: string): Promise<string> {
  const files = [...debugOutput.matchAll(/^debug1: Reading configuration data (.*?)\r?$/gm)];
  const applied = new Set(
    [...debugOutput.matchAll(/^debug1: (.*) line (\d+): Applying options for /gm)].map(
      ([, file = "", line = ""]) => `${file}:${line}`,
    ),
  );
  for (const file of new Set(files.map(([, path = ""]) => path))) {
    let isApplied = true;
    const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
    for (const [index, line] of lines.entries()) {
      const [, word = "", argument = ""] = /^\s*(\w+)[\s=]+(.*?)\s*$/.exec(line) ?? [];
      const keyword = word.toLowerCase();
      const number = String(index + 1);
      if (keyword === "host") isApplied = applied.has(`${file}:${number}`);
      else if (keyword === "match") isApplied = /^((final|canonical)\s+)?all$/i.test(argument);
      else if (isApplied && (ALIASES.get(keyword) ?? keyword) === name) {
        return `${file} line ${number}`;
      }
    }
  }
  return "another part of your config";
}

function quote(value: string): string {
  return `"${value}"`;
}

async function isReadable(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
