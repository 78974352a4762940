import assert from "node:assert/strict";
import { ClusterFixture, type Found } from "./clusterFixture.ts";
import { SERVERS } from "./servers.ts";
import { MERGE, object } from "./steps.ts";

for (const name of SERVERS) {
  describe(`the contract of owners and dependents: ${name}`, () => {
    let world: ClusterFixture;
    let maps: string;
    before(async () => {
      world = await ClusterFixture.start(name, "owned");
      maps = `${world.inside}/configmaps`;
    });
    after(() => (world as ClusterFixture | undefined)?.stop());

    const owner = async (map: string) => {
      const body = object("ConfigMap", map);
      const { metadata } = await world.server.api.expect<Found>("POST", maps, body);
      return { apiVersion: "v1", kind: "ConfigMap", name: map, uid: metadata.uid };
    };
    const owned = (map: string, ownerReferences: object[], finalizers: string[] = []) =>
      world.server.api.expect("POST", maps, {
        ...object("ConfigMap", map),
        metadata: { name: map, ownerReferences, finalizers },
      });
    const remove = (map: string, policy = "Background") =>
      world.server.api.expect("DELETE", `${maps}/${map}?propagationPolicy=${policy}`);
    const read = async (map: string) => (await world.read(`${maps}/${map}`)).body.metadata;
    const isGone = (map: string) => world.isGone(`${maps}/${map}`);
    const release = (map: string) => {
      const body = { metadata: { finalizers: null } };
      return world.server.api.expect("PATCH", `${maps}/${map}`, body, MERGE);
    };

    it("collects what its owner leaves behind, and keeps what another still owns", async () => {
      const [one, two] = [await owner("owner-1"), await owner("owner-2")];
      await owned("of-one", [one]);
      await owned("of-both", [one, two]);
      await remove("owner-1");
      await isGone("of-one");
      await world.isSo(
        `${maps}/of-both`,
        ({ metadata }) => metadata.ownerReferences?.map((each) => each.name).join() === "owner-2",
        "the owner that is left",
      );
      await remove("owner-2");
      await isGone("of-both");
    });

    it("sets dependents free on request, before their owner is gone", async () => {
      await owned("freed", [await owner("generous")]);
      await remove("generous", "Orphan");
      await isGone("generous");
      const { ownerReferences, deletionTimestamp } = await read("freed");
      assert.deepEqual([ownerReferences, deletionTimestamp], [undefined, undefined]);
    });

    it("keeps an owner until the dependents that hold it are gone, on request", async () => {
      const reference = await owner("patient");
      await owned("holding", [{ ...reference, blockOwnerDeletion: true }], ["example.org/hold"]);
      await remove("patient", "Foreground");
      const leaves = ({ metadata }: Found) => metadata.deletionTimestamp !== undefined;
      await world.isSo(`${maps}/holding`, leaves, "the dependent to be deleted");
      assert.deepEqual((await read("patient")).finalizers, ["foregroundDeletion"]);
      await release("holding");
      await isGone("holding");
      await isGone("patient");
    });

    it("does not wait for a dependent that does not hold its owner", async () => {
      await owned("loose", [await owner("hasty")], ["example.org/hold"]);
      await remove("hasty", "Foreground");
      await isGone("hasty");
      await world.isSo(
        `${maps}/loose`,
        ({ metadata }) => metadata.deletionTimestamp !== undefined,
        "the dependent to be deleted",
      );
      await release("loose");
      await isGone("loose");
    });
  });
}
