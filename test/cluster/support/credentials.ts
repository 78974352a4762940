import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The users of the API server's token file. The groups are Kubernetes' own. */
const USERS = {
  admin: { user: "admin", groups: ["system:masters"] },
  controllers: { user: "system:kube-controller-manager", groups: [] },
  scheduler: { user: "system:kube-scheduler", groups: [] },
} as const;

export type UserName = keyof typeof USERS;
export type Tokens = Readonly<Record<UserName, string>>;

/** Writes the token file, and the key pair that signs service accounts' tokens. */
export function writeCredentials(directory: string): {
  readonly tokens: Tokens;
  readonly tokenFile: string;
  readonly serviceAccountKey: string;
} {
  const tokens = Object.fromEntries(
    Object.keys(USERS).map((name) => [name, randomBytes(24).toString("base64url")]),
  ) as unknown as Tokens;
  const tokenFile = join(directory, "tokens.csv");
  const lines = Object.entries(USERS).map(
    ([name, { user, groups }]) =>
      `${tokens[name as UserName]},${user},${user},"${groups.join(",")}"`,
  );
  writeFileSync(tokenFile, `${lines.join("\n")}\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const serviceAccountKey = join(directory, "service-accounts.key");
  const pem = privateKey.export({ type: "pkcs1", format: "pem" });
  writeFileSync(serviceAccountKey, pem, { mode: 0o600 });
  return { tokens, tokenFile, serviceAccountKey };
}

export function kubeconfigText(access: { url: string; ca: string; token: string }): string {
  const named = { name: "test" };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ ...named, context: { cluster: "test", user: "test" } }],
    clusters: [
      {
        ...named,
        cluster: {
          server: access.url,
          ...(access.url.startsWith("https:")
            ? { "certificate-authority-data": Buffer.from(access.ca).toString("base64") }
            : { "insecure-skip-tls-verify": true }),
        },
      },
    ],
    users: [{ ...named, user: { token: access.token } }],
  });
}
