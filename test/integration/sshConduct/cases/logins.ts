import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Second } from "@gpu-dev/shared/durations.ts";
import { openSsh, runClient, sshOptions, TARGET } from "../../../support/sshClient.ts";
import { waitFor } from "../../../support/waitFor.ts";
import type { ConductCase } from "../conductCase.ts";
import { authorizeKey, type SshServerUnderTest } from "../serverUnderTest.ts";

const REFUSED = { code: 255, message: "Permission denied (publickey)." };
/** The servers check keys every 5 s. */
const KEY_CHECK_MS = 7 * Second.ms;
/** The Go server allows 10 s for the key exchange. */
const EXCHANGE_MS = 12 * Second.ms;

/** Who may log in, with which algorithms, and how a login ends. */
export const LOGIN_CASES: readonly ConductCase[] = [
  {
    name: "login: an unknown key is refused",
    expected: REFUSED,
    observe: (server) => attempt({ ...server, key: server.createKey("unknown") }),
  },
  {
    name: "login: every user name except dev is refused",
    expected: [REFUSED, REFUSED],
    observe: async (server) => [
      await attempt(server, ["-l", "root"]),
      await attempt(server, ["-l", "DEV"]),
    ],
  },
  {
    name: "login: methods other than public keys are refused",
    expected: REFUSED,
    observe: (server) => {
      const methods = "password,keyboard-interactive,hostbased,gssapi-with-mic";
      return attempt(server, ["-o", `PreferredAuthentications=${methods}`]);
    },
  },
  {
    name: "login: ECDSA and RSA keys work, RSA with SHA-1 is refused",
    expected: { ecdsa: 0, rsa: 0, sha1: 255 },
    observe: async (server) => {
      const [ecdsa, rsa] = [server.createKey("ecdsa", "ecdsa"), server.createKey("rsa", "rsa")];
      for (const path of [ecdsa, rsa]) authorizeKey(server, readFileSync(`${path}.pub`, "utf8"));
      const sha1 = ["-o", "PubkeyAcceptedAlgorithms=ssh-rsa"];
      return {
        ecdsa: (await attempt({ ...server, key: ecdsa })).code,
        rsa: (await attempt({ ...server, key: rsa })).code,
        sha1: (await attempt({ ...server, key: rsa }, sha1)).code,
      };
    },
  },
  {
    name: "login: sk- keys are accepted",
    expected: true,
    observe: async (server) => {
      const key = createSecurityKey(server);
      authorizeKey(server, readFileSync(`${key}.pub`, "utf8"));
      // No token signs here: the server's acceptance of the offered key is what can be observed.
      const options = ["-o", "LogLevel=DEBUG1", ...sshOptions({ ...server, key })];
      const { stderr } = await runClient("ssh", [...options, TARGET, "true"]);
      return stderr.includes("Server accepts key");
    },
  },
  {
    name: "login: an authorized_keys line with options grants no access",
    expected: REFUSED,
    observe: (server) => {
      const key = server.createKey("limited");
      authorizeKey(server, `restrict,pty ${readFileSync(`${key}.pub`, "utf8")}`);
      return attempt({ ...server, key });
    },
  },
  {
    name: "login: the host key is the Secret's, and no other is accepted",
    expected: { pinned: 0, other: "Host key verification failed." },
    observe: async (server) => {
      const pinned = createKnownHosts(server, "host.pub");
      const other = createKnownHosts(server, "id.pub");
      const { code } = await attempt(server, [], pinned);
      return { pinned: code, other: (await attempt(server, [], other)).message };
    },
  },
  {
    name: "algorithms: no SHA-1 and no group exchange; a post-quantum key exchange",
    expected: { sha1: [], groupExchange: [], postQuantum: true, strict: true },
    observe: async (server) => {
      const { kex, macs } = await offeredAlgorithms(server);
      return {
        sha1: [...kex, ...macs].filter((name) => /sha1(-|$)/.test(name)),
        groupExchange: kex.filter((name) => name.includes("group-exchange")),
        postQuantum: kex.some((name) => /^(mlkem|sntrup)/.test(name)),
        strict: kex.includes("kex-strict-s-v00@openssh.com"),
      };
    },
  },
  {
    name: "algorithms: each one that is offered works",
    expected: [],
    observe: async (server) => {
      const { kex, ciphers, macs } = await offeredAlgorithms(server);
      const failed = [];
      for (const [option, query, names] of [
        ["KexAlgorithms", "kex", kex],
        ["Ciphers", "cipher", ciphers],
        ["MACs", "mac", macs],
      ] as const) {
        const known = execFileSync("ssh", ["-Q", query], { encoding: "utf8" }).split("\n");
        for (const name of names.filter((each) => known.includes(each))) {
          // A cipher with its own authentication would ignore the MAC.
          const cipher = option === "MACs" ? ["-o", "Ciphers=aes128-ctr"] : [];
          const { code } = await attempt(server, [...cipher, "-o", `${option}=${name}`]);
          if (code !== 0) failed.push(name);
        }
      }
      return failed;
    },
  },
  {
    name: "version: the text starts like OpenSSH's, so that its client uses its extensions",
    expected: true,
    observe: async (server) => {
      const socket = connect(server.port, "127.0.0.1");
      const [text] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      return text.toString().startsWith("SSH-2.0-OpenSSH_");
    },
  },
  {
    name: "a connection that exchanges no keys is closed",
    expected: true,
    observe: async (server) => {
      const socket = connect(server.port, "127.0.0.1");
      socket.resume();
      socket.on("error", () => undefined);
      let closed = false;
      socket.on("close", () => (closed = true));
      await waitFor(() => closed, { describe: "the end", timeoutMs: EXCHANGE_MS }).catch(
        () => undefined,
      );
      socket.destroy();
      return closed;
    },
    ownServer: true,
  },
  {
    name: "N5: a removed key is refused at once, and its sessions are closed",
    expected: { closed: true, login: REFUSED },
    observe: async (server) => {
      const { closed, login } = await removeKey(server);
      return { closed, login };
    },
    ownServer: true,
  },
  {
    name: "a session closed for its removed key gets the reason",
    expected: { reason: true },
    observe: async (server) => ({ reason: (await removeKey(server)).reason !== undefined }),
    ownServer: true,
  },
  {
    name: "a session closed at the end of the pod gets the reason",
    expected: { closed: true, reason: true },
    observe: async (server) => {
      const client = openSession(server);
      await waitFor(() => server.hasProcess("sleep 666"), { describe: "the session" });
      server.terminate();
      const code = await client.exited;
      return { closed: code === 255, reason: reasonIn(client.output()) !== undefined };
    },
    ownServer: true,
  },
];

/** Opens a session, removes its key, and tries to log in with it again. */
async function removeKey(server: SshServerUnderTest) {
  const client = openSession(server);
  await waitFor(() => server.hasProcess("sleep 666"), { describe: "the session" });
  server.authorize("");
  const login = await attempt(server);
  let closed = false;
  void client.exited.then(() => (closed = true));
  await waitFor(() => closed, { describe: "the end", timeoutMs: KEY_CHECK_MS }).catch(
    () => undefined,
  );
  const result = { closed, login, reason: reasonIn(client.output()) };
  await client.close();
  return result;
}

function openSession(server: SshServerUnderTest) {
  const options = ["-o", "LogLevel=INFO"];
  return openSsh(server, [...options, "-tt", TARGET, "exec sleep 666"]);
}

/**
 * The text of a disconnect message; OpenSSH prints "Received disconnect from HOST port N:11: TEXT".
 */
function reasonIn(output: string): string | undefined {
  return /Received disconnect from \S+ port \d+:\d+: *(\S[^\r\n]*)/.exec(output)?.[1];
}

interface Attempt {
  readonly code: number | "timed out";
  readonly message: string | undefined;
}

async function attempt(
  server: SshServerUnderTest,
  options: readonly string[] = [],
  first: readonly string[] = [],
): Promise<Attempt> {
  // ssh uses the first value of each option.
  const args = [...first, ...options, ...sshOptions(server), TARGET, "true"];
  const target = options.includes("-l") ? args.with(-2, "127.0.0.1") : args;
  const { code, stderr } = await runClient("ssh", target);
  const message = /(Permission denied .*|Host key verification failed\.)/.exec(stderr)?.[1];
  return { code: code ?? "timed out", message: message?.trim() };
}

function createKnownHosts(server: SshServerUnderTest, publicKey: string): string[] {
  const path = join(server.folder, `${publicKey}.known`);
  const line = readFileSync(join(server.folder, publicKey), "utf8");
  writeFileSync(path, `[127.0.0.1]:${String(server.port)} ${line}`);
  return ["-o", `UserKnownHostsFile=${path}`, "-o", "StrictHostKeyChecking=yes"];
}

async function offeredAlgorithms(server: SshServerUnderTest) {
  const options = ["-o", "LogLevel=DEBUG2", ...sshOptions(server)];
  const { stderr } = await runClient("ssh", [...options, TARGET, "true"]);
  const proposal = stderr.slice(stderr.indexOf("peer server KEXINIT proposal"));
  const list = (title: string): string[] =>
    new RegExp(`debug2: ${title}: (\\S+)`).exec(proposal)?.[1]?.split(",") ?? [];
  return { kex: list("KEX algorithms"), ciphers: list("ciphers ctos"), macs: list("MACs ctos") };
}

/** An OpenSSH private key file that refers to a FIDO token that does not exist. */
function createSecurityKey(server: SshServerUnderTest): string {
  const type = field("sk-ssh-ed25519@openssh.com");
  // Any valid point works: the public half of an ordinary key.
  const ordinary = readFileSync(`${server.createKey("point")}.pub`, "utf8").split(" ")[1] ?? "";
  const point = field(Buffer.from(ordinary, "base64").subarray(-32));
  const publicBlob = Buffer.concat([type, point, field("ssh:")]);
  const check = Buffer.from([1, 2, 3, 4]);
  const flags = Buffer.from([1]);
  const secret = Buffer.concat([
    check,
    check,
    publicBlob,
    flags,
    field("handle"),
    field(""),
    field("comment"),
  ]);
  const padding = Buffer.from(Array.from({ length: 8 - (secret.length % 8) }, (_, n) => n + 1));
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    Buffer.from([0, 0, 0, 1]),
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]).toString("base64");
  const path = join(server.folder, "security");
  const name = "OPENSSH PRIVATE KEY";
  const lines = file.replace(/.{70}/g, "$&\n");
  writeFileSync(path, `-----BEGIN ${name}-----\n${lines}\n-----END ${name}-----\n`, {
    mode: 0o600,
  });
  const publicLine = `sk-ssh-ed25519@openssh.com ${publicBlob.toString("base64")} security\n`;
  writeFileSync(`${path}.pub`, publicLine);
  return path;
}

/** A string of the SSH wire format. */
function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
