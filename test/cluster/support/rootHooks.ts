import { useOtherCluster } from "../../support/wholeSystem.ts";
import { startJoinedCluster } from "./joinedCluster.ts";
import { stopSharedKubernetes } from "./sharedKubernetes.ts";

useOtherCluster(startJoinedCluster);

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await stopSharedKubernetes();
  },
};
