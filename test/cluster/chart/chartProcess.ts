import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { recordSkip } from "../../support/requireTool.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import { imageEnvironment } from "./imageFile.ts";
import type { Manifest } from "./release.ts";

const MAIN = new URL("../../../control-plane/src/main.ts", import.meta.url).pathname;
/** The image's user id, which has no account. */
export const IMAGE_USER = 10_001;
const ACCOUNT_FILES = "/var/run/secrets/kubernetes.io/serviceaccount";

interface PodTemplate {
  readonly template: {
    readonly spec: {
      readonly containers: readonly {
        readonly env: readonly { readonly name: string; readonly value?: string }[];
      }[];
    };
  };
}

/** The environment that the chart sets for a container, except values from Secrets. */
export function environmentOf(
  objects: readonly Manifest[],
  kind: string,
  name: string,
): Record<string, string> {
  const found = objects.find((each) => each.kind === kind && each.metadata.name === name);
  const [container] = (found?.spec as PodTemplate).template.spec.containers;
  return Object.fromEntries(
    (container?.env ?? []).flatMap(({ name: key, value }) =>
      value === undefined ? [] : [[key, value] as const],
    ),
  );
}

/** The image's entrypoint. */
export function startProcess(env: Record<string, string>, asImageUser = false): ChildProcess {
  const user = asImageUser ? { uid: IMAGE_USER, gid: IMAGE_USER } : {};
  return spawn(process.execPath, [MAIN], {
    stdio: ["ignore", "ignore", "inherit"],
    ...user,
    env: { PATH: process.env["PATH"] ?? "", ...imageEnvironment(), ...env },
  });
}

/**
 * Starts the program as a pod does: as the image's user, with the account's files at the kubelet's
 * paths. A mount namespace keeps them off this machine's file system.
 */
export function startInPod(
  env: Record<string, string>,
  { url, ca }: Pick<Kubernetes, "url" | "ca">,
  given: { readonly token: string; readonly namespace: string; readonly directory: string },
): ChildProcess {
  const files = { token: given.token, "ca.crt": ca, namespace: given.namespace };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(given.directory, name), text);
  const enter = [
    "mount -t tmpfs -o mode=755 tmpfs /var/run",
    `mkdir -p ${ACCOUNT_FILES}`,
    `cp "$0/token" "$0/ca.crt" "$0/namespace" ${ACCOUNT_FILES}`,
    `chmod 644 ${ACCOUNT_FILES}/*`,
    `exec setpriv --reuid ${String(IMAGE_USER)} --regid ${String(IMAGE_USER)} --clear-groups -- "$@"`,
  ].join(" && ");
  const { hostname, port } = new URL(url);
  const program = [process.execPath, MAIN];
  return spawn("unshare", ["--mount", "sh", "-c", enter, given.directory, ...program], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env["PATH"] ?? "",
      ...imageEnvironment(),
      ...env,
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
    },
  });
}

/** A file that the image's user can read, in a folder that it can enter. */
export function readableFile(directory: string, name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  chownSync(path, IMAGE_USER, IMAGE_USER);
  chmodSync(directory, 0o755);
  return path;
}

/** Skips on a machine that cannot run programs as the image's user. */
export function requireImageUser(context: Mocha.Context): void {
  const probe = ["-e", "fs.accessSync(process.argv[1])", MAIN];
  const user = { uid: IMAGE_USER, gid: IMAGE_USER };
  if (process.getuid?.() !== 0) skip(context, "only root can run something as the image's user");
  if (spawnSync(process.execPath, probe, user).status !== 0) {
    skip(context, "the image's user can't read the sources here");
  }
}

/** Skips on a machine that cannot mount files at a pod's paths. */
export function requirePodFiles(context: Mocha.Context): void {
  requireImageUser(context);
  if (spawnSync("unshare", ["--mount", "true"]).status !== 0) {
    skip(context, "no mount namespace can be had here");
  }
}

/** These are not installable tools, so CI may lack them too. */
function skip(context: Mocha.Context, why: string): void {
  recordSkip(context.test, why);
  context.skip();
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request with a Host header, as a probe or a client of a Service does. */
export function get(
  port: number,
  path: string,
  host: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host, ...more };
    const asked = request({ host: "127.0.0.1", port, path, headers }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
