import assert from "node:assert/strict";
import { ClusterFixture, HOST, type Found } from "./clusterFixture.ts";
import { SERVERS } from "./servers.ts";
import { MERGE, object } from "./steps.ts";

const SELECTED_NODE = "volume.kubernetes.io/selected-node";

for (const name of SERVERS) {
  describe(`the contract of delayed volume binding: ${name}`, () => {
    let world: ClusterFixture;
    let claims: string;
    before(async () => {
      world = await ClusterFixture.start(name, "volumes");
      claims = `${world.inside}/persistentvolumeclaims`;
      await world.addNode("volumes-a");
      await world.addNode("volumes-b");
      await world.server.api.expect("POST", "/apis/storage.k8s.io/v1/storageclasses", {
        ...object("StorageClass", "contract-late", {}, "storage.k8s.io/v1"),
        provisioner: "example.org/by-hand",
        volumeBindingMode: "WaitForFirstConsumer",
      });
    });
    after(async () => {
      const started = world as ClusterFixture | undefined;
      const path = "/apis/storage.k8s.io/v1/storageclasses/contract-late";
      await started?.server.api.request("DELETE", path);
      await started?.stop();
    });

    const makeClaim = (claim: string, mode: string) => {
      const resources = { requests: { storage: "1Gi" } };
      const spec = {
        accessModes: [mode],
        storageClassName: "contract-late",
        resources,
      };
      const body = object("PersistentVolumeClaim", claim, { spec });
      return world.server.api.expect<Found>("POST", claims, body);
    };
    const using = (claim: string, node: string) => ({
      nodeSelector: { [HOST]: node },
      volumes: [{ name: "disk", persistentVolumeClaim: { claimName: claim } }],
    });
    const selected = (found: Found) => found.metadata.annotations?.[SELECTED_NODE];
    const isSelected = (claim: string, node: string) =>
      world.isSo(`${claims}/${claim}`, (found) => selected(found) === node, `${claim} for ${node}`);

    it("picks a node, waits for the volume, then binds the pod, and no second one to it", async () => {
      const made = await makeClaim("disk", "ReadWriteOncePod");
      await world.create("user", using("disk", "volumes-a"));
      await isSelected("disk", "volumes-a");
      assert.equal((await world.read(`${world.pods}/user`)).body.spec.nodeName, undefined);
      await provideVolume(made.metadata.uid);
      assert.equal(await world.bound("user"), "volumes-a");
      await world.create("second-user", using("disk", "volumes-a"));
      await world.refused("second-user", /ReadWriteOncePod/);
      await world.server.api.expect("DELETE", `${claims}/disk`);
      const held = await world.read(`${claims}/disk`);
      assert.notEqual(held.body.metadata.deletionTimestamp, undefined);
      await world.removeNow("second-user");
      await world.removeNow("user");
      await world.isGone(`${claims}/disk`);
      await world.server.api.request("DELETE", "/api/v1/persistentvolumes/contract-volume");
    });

    it("keeps the node that was picked first, whatever a second pod of the claim wants", async () => {
      await makeClaim("wanted", "ReadWriteOnce");
      await world.create("here", using("wanted", "volumes-a"));
      await isSelected("wanted", "volumes-a");
      await world.create("there", using("wanted", "volumes-b"));
      await world.refused("there", /didn't find available persistent volumes to bind/);
      const before = (await world.read(`${claims}/wanted`)).body;
      assert.equal(selected(before), "volumes-a");
      // Each of these has the scheduler look at both pods again.
      for (const pod of ["nudge-1", "nudge-2"]) {
        await world.create(pod, { nodeSelector: { [HOST]: "volumes-b" } });
        await world.bound(pod);
        await world.removeNow(pod);
      }
      const after = (await world.read(`${claims}/wanted`)).body;
      assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
      for (const pod of ["here", "there"]) await world.removeNow(pod);
      await world.server.api.expect("DELETE", `${claims}/wanted`);
    });

    /** What a provisioner does, as our storage agent does it. */
    async function provideVolume(uid: string): Promise<void> {
      const claim = { kind: "PersistentVolumeClaim", namespace: "volumes", name: "disk", uid };
      const inZone = { key: "topology.kubernetes.io/zone", operator: "In", values: ["a"] };
      await world.server.api.expect("POST", "/api/v1/persistentvolumes", {
        ...object("PersistentVolume", "contract-volume"),
        spec: {
          storageClassName: "contract-late",
          accessModes: ["ReadWriteOncePod"],
          capacity: { storage: "1Gi" },
          persistentVolumeReclaimPolicy: "Retain",
          claimRef: { apiVersion: "v1", ...claim },
          hostPath: { path: "/nowhere" },
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [inZone] }] } },
        },
      });
      const path = `${claims}/disk`;
      const annotations = { "pv.kubernetes.io/bind-completed": "yes" };
      const binding = { metadata: { annotations }, spec: { volumeName: "contract-volume" } };
      await world.server.api.expect("PATCH", path, binding, MERGE);
      const status = {
        phase: "Bound",
        accessModes: ["ReadWriteOncePod"],
        capacity: { storage: "1Gi" },
      };
      await world.server.api.expect("PATCH", `${path}/status`, { status }, MERGE);
    }
  });
}
