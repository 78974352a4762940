import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { createApiClient } from "@gpu-dev/client/http/apiClient.ts";
import { requestToken } from "@gpu-dev/client/signIn/signIn.ts";
import { loadCatalogue } from "../../control-plane/src/catalogueFile.ts";
import { install, policyIsEffective, SYSTEM } from "../cluster/chart/release.ts";
import { startControlPlane } from "../cluster/support/controlPlane.ts";
import { startKubernetes } from "../cluster/support/kubernetes.ts";
import { addNodes, startKwok } from "../cluster/support/kwok.ts";
import { startTestPostgres } from "../support/postgres.ts";
import { NAMESPACE, USER, type Stack } from "./stack.ts";

/**
 * The control plane on a real etcd, API server, scheduler and controllers, with the permissions of
 * the chart's service account, and one node per type that the benches use. KWOK starts and ends its
 * pods at once.
 */
export async function startKubernetesStack(): Promise<Stack> {
  const before = performance.now();
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const stopPart of stops.reverse()) await stopPart();
  };
  try {
    const kubernetes = await startKubernetes();
    stops.push(() => kubernetes.stop());
    const [first, ...others] = (await loadCatalogue()).types.filter(({ id }) =>
      ["a10g", "l4"].includes(id),
    );
    if (first === undefined) throw new Error("the catalogue has neither a10g nor l4");
    const kwok = await startKwok(kubernetes, { type: first, count: 1 });
    stops.push(() => kwok.stop());
    for (const type of others) await addNodes(kubernetes.admin, type, 1);
    await install(kubernetes, "gpu-dev", NAMESPACE);
    await policyIsEffective(kubernetes, NAMESPACE);
    const postgres = await startTestPostgres();
    stops.push(() => postgres.remove());
    const controlPlane = await startControlPlane({
      kubeconfigPath: await kubernetes.serviceAccountKubeconfig(SYSTEM, "gpu-dev"),
      databaseUrl: (await postgres.createDatabase()).url,
      directory: kubernetes.directory,
    });
    stops.push(() => controlPlane.stop());
    const coldStartSeconds = Math.round((performance.now() - before) / 100) / 10;
    const { url, child: root } = controlPlane;
    const me = { user: USER, identity: undefined } as const;
    const { token } = await requestToken(url, me);
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromFile(kubernetes.kubeconfigPath);
    return {
      url,
      token,
      user: USER,
      kubeConfig,
      root,
      coldStartSeconds,
      stop,
      client: createApiClient({ baseUrl: url, token: () => token }),
      core: kubeConfig.makeApiClient(CoreV1Api),
      addNodes: async (id, count) => {
        const type = (await loadCatalogue()).types.find((each) => each.id === id);
        if (type === undefined) throw new Error(`the catalogue has no ${id}`);
        await addNodes(kubernetes.admin, type, count);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
