import { useOtherCluster } from "../../support/wholeSystem.ts";
import { useFixtureCluster } from "../../integration/reconcilers/fixture.ts";
import { startReconcilerCluster, stopReconcilerCluster } from "./reconcilerCluster.ts";
import { startJoinedCluster } from "./joinedCluster.ts";
import { stopSharedKubernetes } from "./sharedKubernetes.ts";

useOtherCluster(startJoinedCluster);
useFixtureCluster(startReconcilerCluster);

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await stopReconcilerCluster();
    await stopSharedKubernetes();
  },
};
