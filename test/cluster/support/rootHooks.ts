import { useOtherCluster } from "../../support/wholeSystem.ts";
import { useOtherWorldCluster } from "../../integration/reconcilers/world.ts";
import { startReconcilerCluster, stopReconcilerCluster } from "./reconcilerCluster.ts";
import { startJoinedCluster } from "./joinedCluster.ts";
import { stopSharedKubernetes } from "./sharedKubernetes.ts";

useOtherCluster(startJoinedCluster);
useOtherWorldCluster(startReconcilerCluster);

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await stopReconcilerCluster();
    await stopSharedKubernetes();
  },
};
