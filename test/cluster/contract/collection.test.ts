import assert from "node:assert/strict";
import { ClusterFixture, type Found } from "./clusterFixture.ts";
import { SERVERS } from "./servers.ts";
import { MERGE, object } from "./steps.ts";

for (const name of SERVERS) {
  describe(`contract of owners and dependents: ${name}`, () => {
    let fixture: ClusterFixture;
    let maps: string;
    before(async () => {
      fixture = await ClusterFixture.start(name, "owned");
      maps = `${fixture.inside}/configmaps`;
    });
    after(() => (fixture as ClusterFixture | undefined)?.stop());

    const owner = async (map: string) => {
      const body = object("ConfigMap", map);
      const { metadata } = await fixture.server.api.expect<Found>("POST", maps, body);
      return { apiVersion: "v1", kind: "ConfigMap", name: map, uid: metadata.uid };
    };
    const owned = (map: string, ownerReferences: object[], finalizers: string[] = []) =>
      fixture.server.api.expect("POST", maps, {
        ...object("ConfigMap", map),
        metadata: { name: map, ownerReferences, finalizers },
      });
    const remove = (map: string, policy = "Background") =>
      fixture.server.api.expect("DELETE", `${maps}/${map}?propagationPolicy=${policy}`);
    const read = async (map: string) => (await fixture.read(`${maps}/${map}`)).body.metadata;
    const isRemoved = (map: string) => fixture.isRemoved(`${maps}/${map}`);
    const release = (map: string) => {
      const body = { metadata: { finalizers: null } };
      return fixture.server.api.expect("PATCH", `${maps}/${map}`, body, MERGE);
    };

    it("deletes a dependent with its last owner, and keeps one that has another owner", async () => {
      const [first, second] = [await owner("owner-1"), await owner("owner-2")];
      await owned("of-first", [first]);
      await owned("of-both", [first, second]);
      await remove("owner-1");
      await isRemoved("of-first");
      await fixture.becomes(
        `${maps}/of-both`,
        ({ metadata }) => metadata.ownerReferences?.map((each) => each.name).join() === "owner-2",
        "the remaining owner",
      );
      await remove("owner-2");
      await isRemoved("of-both");
    });

    it("orphans dependents on request, before their owner is removed", async () => {
      await owned("orphan", [await owner("orphaning")]);
      await remove("orphaning", "Orphan");
      await isRemoved("orphaning");
      const { ownerReferences, deletionTimestamp } = await read("orphan");
      assert.deepEqual([ownerReferences, deletionTimestamp], [undefined, undefined]);
    });

    it("keeps an owner until its blocking dependents are removed, on request", async () => {
      const reference = await owner("foreground");
      await owned("holding", [{ ...reference, blockOwnerDeletion: true }], ["example.org/hold"]);
      await remove("foreground", "Foreground");
      const isDeleted = ({ metadata }: Found) => metadata.deletionTimestamp !== undefined;
      await fixture.becomes(`${maps}/holding`, isDeleted, "the deletion of the dependent");
      assert.deepEqual((await read("foreground")).finalizers, ["foregroundDeletion"]);
      await release("holding");
      await isRemoved("holding");
      await isRemoved("foreground");
    });

    it("does not wait for a dependent that does not block its owner", async () => {
      await owned("loose", [await owner("unblocked")], ["example.org/hold"]);
      await remove("unblocked", "Foreground");
      await isRemoved("unblocked");
      await fixture.becomes(
        `${maps}/loose`,
        ({ metadata }) => metadata.deletionTimestamp !== undefined,
        "the deletion of the dependent",
      );
      await release("loose");
      await isRemoved("loose");
    });
  });
}
