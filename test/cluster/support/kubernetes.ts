import { readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../support/freePort.ts";
import { makeTempDir } from "../../support/tempDir.ts";
import { buildTool } from "../tools/tools.ts";
import { kubeconfigText, writeCredentials, type Tokens } from "./credentials.ts";
import { writeKubeletCredentials } from "./kubeletCredentials.ts";
import { rawApi, type RawApi } from "./rawApi.ts";
import { runTool, type Output } from "./runTool.ts";
import { startServer, type ServerProcess } from "./serverProcess.ts";

/**
 * A real Kubernetes control plane with RBAC on loopback: etcd, API server, controllers, scheduler;
 * no nodes.
 */
export interface Kubernetes {
  readonly url: string;
  /** The CA of the server's certificate, PEM. */
  readonly ca: string;
  /** Tokens of the administrator, the controllers and the scheduler. */
  readonly tokens: Tokens;
  /** The administrator's. */
  readonly kubeconfigPath: string;
  readonly admin: RawApi;
  /** Logs and keys of this cluster; removed with it. */
  readonly directory: string;
  /** For agents that join it: see `join.ts --kubelet`. */
  readonly kubeletFile: string;
  kubectl(...args: readonly string[]): Promise<Output>;
  /**
   * Writes a kubeconfig with a token of a service account, as its pods have it, and returns the
   * path.
   */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
  /** Stops the API server, orderly or by SIGKILL. Returns a function that starts it again. */
  stopApiServer(signal?: NodeJS.Signals): Promise<() => Promise<void>>;
  readonly pids: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

export interface KubernetesOptions {
  /** Additional arguments of each program. */
  readonly apiServerArgs?: readonly string[];
  readonly controllerArgs?: readonly string[];
}

export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  const directory = await makeTempDir("kubernetes");
  const running = new Map<string, ServerProcess>();
  const stop = async () => {
    // Clients before servers: otherwise a client waits for its lost server.
    for (const each of [...running.values()].reverse()) await each.stop();
    await directory.remove();
  };
  try {
    return { ...(await startAll(directory.path, running, options)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  directory: string,
  running: Map<string, ServerProcess>,
  options: KubernetesOptions,
): Promise<Omit<Kubernetes, "stop">> {
  const credentials = writeCredentials(directory);
  const kubelets = await writeKubeletCredentials(directory);
  const { tokens, serviceAccountKey } = credentials;
  const etcdUrl = await startEtcd(directory, running);
  const port = await freePort();
  const url = `https://127.0.0.1:${String(port)}`;
  const startApiServer = () =>
    startPart(running, directory, {
      name: "kube-apiserver",
      args: [
        ...apiServerArgs({ ...credentials, directory, etcdUrl, port }),
        ...kubelets.apiServerArgs,
        ...(options.apiServerArgs ?? []),
      ],
      // Ready includes the built-in roles.
      isReady: () => isServing(`${url}/readyz`),
    });
  await startApiServer();
  // The server signs its own certificate and writes the chain to --cert-dir.
  const ca = readFileSync(join(directory, "certificates/apiserver.crt"), "utf8");
  const kubeconfigFor = (name: string, token: string) => {
    const path = join(directory, `${name}.kubeconfig`);
    writeFileSync(path, kubeconfigText({ url, ca, token }), { mode: 0o600 });
    return path;
  };
  const kubeconfigPath = kubeconfigFor("admin", tokens.admin);
  const admin = rawApi({ url, ca, token: tokens.admin });
  await startControllers(running, directory, {
    kubeconfig: kubeconfigFor("controllers", tokens.controllers),
    serviceAccountKey,
    more: options.controllerArgs ?? [],
  });
  await startScheduler(running, directory, kubeconfigFor("scheduler", tokens.scheduler));
  const kubectl = await buildTool("kubectl");
  return {
    url,
    ca,
    tokens,
    kubeconfigPath,
    admin,
    directory,
    kubeletFile: kubelets.agentFile,
    kubectl: (...args) => {
      // The user's cache may hold another server's discovery data for this address.
      const env = { HOME: directory, KUBECACHEDIR: join(directory, "kubectl-cache") };
      return runTool(kubectl, ["--kubeconfig", kubeconfigPath, ...args], { env });
    },
    serviceAccountKubeconfig: async (namespace, name) => {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const tokenRequest = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {},
      };
      const { status } = await admin.expect<{ status: { token: string } }>(
        "POST",
        path,
        tokenRequest,
      );
      return kubeconfigFor(`${namespace}-${name}`, status.token);
    },
    stopApiServer: async (signal = "SIGTERM") => {
      await running.get("kube-apiserver")?.stop(signal);
      return startApiServer;
    },
    get pids() {
      return Object.fromEntries([...running].map(([name, { pid }]) => [name, pid]));
    },
  };
}

type Part = Omit<Parameters<typeof startServer>[0], "program" | "logFile" | "name"> & {
  readonly name: "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler";
};

async function startPart(running: Map<string, ServerProcess>, directory: string, part: Part) {
  const program = await buildTool(part.name);
  const logFile = join(directory, `${part.name}.log`);
  running.set(part.name, await startServer({ ...part, program, logFile }));
}

async function startEtcd(directory: string, running: Map<string, ServerProcess>): Promise<string> {
  const freeUrl = async () => `http://127.0.0.1:${String(await freePort())}`;
  const [clients, peers] = [await freeUrl(), await freeUrl()];
  await startPart(running, directory, {
    name: "etcd",
    args: [
      `--data-dir=${join(directory, "etcd")}`,
      "--unsafe-no-fsync",
      "--log-level=warn",
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
    ],
    isReady: () => isServing(`${clients}/readyz`),
  });
  return clients;
}

function apiServerArgs(given: {
  directory: string;
  etcdUrl: string;
  port: number;
  tokenFile: string;
  serviceAccountKey: string;
}): string[] {
  const { directory, etcdUrl, port, tokenFile, serviceAccountKey } = given;
  return [
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${String(port)}`,
    `--cert-dir=${join(directory, "certificates")}`,
    `--etcd-servers=${etcdUrl}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    "--authorization-mode=Node,RBAC",
    `--token-auth-file=${tokenFile}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${serviceAccountKey}`,
    `--service-account-signing-key-file=${serviceAccountKey}`,
    // As in managed clusters: policies decide what may be privileged.
    "--allow-privileged=true",
    // No test uses the kubernetes Service, and stopping is faster without its endpoints.
    "--endpoint-reconciler-type=none",
    "--anonymous-auth=true",
  ];
}

async function startControllers(
  running: Map<string, ServerProcess>,
  directory: string,
  given: { kubeconfig: string; serviceAccountKey: string; more: readonly string[] },
): Promise<void> {
  await mkdir(join(directory, "controllers"), { recursive: true });
  const port = await freePort();
  await startPart(running, directory, {
    name: "kube-controller-manager",
    args: [
      `--kubeconfig=${given.kubeconfig}`,
      "--leader-elect=false",
      // Each controller uses its own role; the common account lacks those rights.
      "--use-service-account-credentials=true",
      `--service-account-private-key-file=${given.serviceAccountKey}`,
      `--root-ca-file=${join(directory, "certificates/apiserver.crt")}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${String(port)}`,
      `--cert-dir=${join(directory, "controllers")}`,
      ...given.more,
    ],
    isReady: () => isServing(`https://127.0.0.1:${String(port)}/healthz`),
  });
}

async function startScheduler(
  running: Map<string, ServerProcess>,
  directory: string,
  kubeconfig: string,
): Promise<void> {
  const port = await freePort();
  await startPart(running, directory, {
    name: "kube-scheduler",
    args: [
      `--kubeconfig=${kubeconfig}`,
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      `--secure-port=${String(port)}`,
    ],
    isReady: () => isServing(`https://127.0.0.1:${String(port)}/readyz`),
  });
}

/**
 * Whether a health endpoint returns 200. The certificate is not verified and nothing secret is
 * sent.
 */
async function isServing(url: string): Promise<boolean> {
  const { origin, pathname } = new URL(url);
  const { status } = await rawApi({ url: origin }).request("GET", pathname);
  return status === 200;
}
