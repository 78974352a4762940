import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import { rawApi, type RawApi } from "../support/rawApi.ts";
import { runTool, type Output } from "../support/runTool.ts";
import { buildTool } from "../tools/tools.ts";

export const CHART = new URL("../../../infra/chart", import.meta.url).pathname;
/** The namespace of the control plane itself. */
export const SYSTEM = "gpu-dev-system";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly spec?: unknown;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export async function helm(...args: readonly string[]): Promise<Output> {
  return runTool(await buildTool("helm"), args, { timeoutMs: 120_000 });
}

const CLUSTER_WIDE = [
  "Namespace",
  "ClusterRole",
  "ClusterRoleBinding",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
];

/** The chart's rendered objects, hooks included, each with its namespace. */
export async function render(release: string, ...values: readonly string[]): Promise<Manifest[]> {
  const output = await helm("template", release, CHART, "--namespace", SYSTEM, ...values);
  if (output.code !== 0) throw new Error(output.stderr);
  return parseAllDocuments(output.stdout)
    .map((document) => document.toJS() as Manifest | null)
    .filter((each) => each !== null)
    .map((each) =>
      CLUSTER_WIDE.includes(each.kind)
        ? each
        : { ...each, metadata: { namespace: SYSTEM, ...each.metadata } },
    );
}

/**
 * Installs the chart with a namespace for its users' pods. No containers run here, so it waits
 * neither for hooks nor for pods.
 */
export async function install(
  { directory, kubeconfigPath }: Pick<Kubernetes, "directory" | "kubeconfigPath">,
  release: string,
  podNamespace: string,
): Promise<void> {
  const values = join(directory, `${release}.values.json`);
  writeFileSync(values, JSON.stringify({ podNamespace: { name: podNamespace } }));
  const where = ["--kubeconfig", kubeconfigPath, "--namespace", SYSTEM, "--create-namespace"];
  const output = await helm(
    "upgrade",
    "--install",
    release,
    CHART,
    ...where,
    "--values",
    values,
    "--no-hooks",
    "--wait=hookOnly",
  );
  if (output.code !== 0) throw new Error(output.stderr);
}

/** Waits until a new policy rejects pods: it takes effect with a delay. */
export async function policyIsEffective(
  { admin }: Kubernetes,
  podNamespace: string,
): Promise<void> {
  const bare = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "probe" },
    spec: { containers: [{ name: "main", image: "x" }] },
  };
  const path = `/api/v1/namespaces/${podNamespace}/pods?dryRun=All`;
  await waitFor(async () => (await admin.request("POST", path, bare)).status === 422, {
    timeoutMs: 30_000,
    describe: "the admission policy to refuse a bare pod",
  });
}

/** Waits for the default account of a new namespace, which is created with a delay. */
export async function accountIsThere({ admin }: Kubernetes, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  await waitFor(async () => (await admin.request("GET", path)).status === 200, {
    describe: `the account of ${namespace}`,
  });
}

/** An API client with that service account's token. */
export async function asAccount(
  kubernetes: Kubernetes,
  namespace: string,
  name: string,
): Promise<RawApi> {
  const file = await kubernetes.serviceAccountKubeconfig(namespace, name);
  const { users } = JSON.parse(readFileSync(file, "utf8")) as {
    users: readonly [{ user: { token: string } }];
  };
  return rawApi({ url: kubernetes.url, ca: kubernetes.ca, token: users[0].user.token });
}
