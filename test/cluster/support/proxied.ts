import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { SYSTEM } from "../chart/release.ts";
import { kubeconfigText } from "./credentials.ts";
import { startFaultProxy, type FaultProxy } from "./faultProxy.ts";
import type { Kubernetes } from "./kubernetes.ts";

/**
 * Access as the chart's service account, through a proxy that counts traffic and injects faults.
 */
export async function startProxied(
  kubernetes: Kubernetes,
  account: string,
): Promise<{ proxy: FaultProxy; kubeconfigPath: string }> {
  const proxy = await startFaultProxy(kubernetes);
  const direct = await kubernetes.serviceAccountKubeconfig(SYSTEM, account);
  const access = parse(readFileSync(direct, "utf8")) as { users: { user: { token: string } }[] };
  const token = access.users[0]?.user.token ?? "";
  const { port } = new URL(proxy.url);
  const kubeconfigPath = join(kubernetes.directory, `proxied-${port}.kubeconfig`);
  const text = kubeconfigText({ url: proxy.url, ca: kubernetes.ca, token });
  writeFileSync(kubeconfigPath, text, { mode: 0o600 });
  return { proxy, kubeconfigPath };
}
