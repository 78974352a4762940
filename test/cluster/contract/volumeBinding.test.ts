import assert from "node:assert/strict";
import { ClusterFixture, HOST, type Found } from "./clusterFixture.ts";
import { SERVERS } from "./servers.ts";
import { MERGE, object } from "./steps.ts";

const SELECTED_NODE = "volume.kubernetes.io/selected-node";

for (const name of SERVERS) {
  describe(`contract of delayed volume binding: ${name}`, () => {
    let fixture: ClusterFixture;
    let claims: string;
    before(async () => {
      fixture = await ClusterFixture.start(name, "volumes");
      claims = `${fixture.inside}/persistentvolumeclaims`;
      await fixture.addNode("volumes-a");
      await fixture.addNode("volumes-b");
      await fixture.server.api.expect("POST", "/apis/storage.k8s.io/v1/storageclasses", {
        ...object("StorageClass", "contract-late", {}, "storage.k8s.io/v1"),
        provisioner: "example.org/by-hand",
        volumeBindingMode: "WaitForFirstConsumer",
      });
    });
    after(async () => {
      const started = fixture as ClusterFixture | undefined;
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
      return fixture.server.api.expect<Found>("POST", claims, body);
    };
    const using = (claim: string, node: string) => ({
      nodeSelector: { [HOST]: node },
      volumes: [{ name: "disk", persistentVolumeClaim: { claimName: claim } }],
    });
    const selected = (found: Found) => found.metadata.annotations?.[SELECTED_NODE];
    const isSelected = (claim: string, node: string) =>
      fixture.becomes(
        `${claims}/${claim}`,
        (found) => selected(found) === node,
        `${claim} for ${node}`,
      );

    it("selects a node, waits for the volume, then binds the pod, and no second pod to it", async () => {
      const created = await makeClaim("disk", "ReadWriteOncePod");
      await fixture.create("user", using("disk", "volumes-a"));
      await isSelected("disk", "volumes-a");
      assert.equal((await fixture.read(`${fixture.pods}/user`)).body.spec.nodeName, undefined);
      await provideVolume(created.metadata.uid);
      assert.equal(await fixture.bound("user"), "volumes-a");
      await fixture.create("second-user", using("disk", "volumes-a"));
      await fixture.unschedulable("second-user", /ReadWriteOncePod/);
      await fixture.server.api.expect("DELETE", `${claims}/disk`);
      const held = await fixture.read(`${claims}/disk`);
      assert.notEqual(held.body.metadata.deletionTimestamp, undefined);
      await fixture.removeNow("second-user");
      await fixture.removeNow("user");
      await fixture.isRemoved(`${claims}/disk`);
      await fixture.server.api.request("DELETE", "/api/v1/persistentvolumes/contract-volume");
    });

    it("keeps the node that was selected first, whatever a second pod of the claim requires", async () => {
      await makeClaim("shared", "ReadWriteOnce");
      await fixture.create("first", using("shared", "volumes-a"));
      await isSelected("shared", "volumes-a");
      await fixture.create("second", using("shared", "volumes-b"));
      await fixture.unschedulable("second", /didn't find available persistent volumes to bind/);
      const before = (await fixture.read(`${claims}/shared`)).body;
      assert.equal(selected(before), "volumes-a");
      // Each of these makes the scheduler consider both pods again.
      for (const pod of ["nudge-1", "nudge-2"]) {
        await fixture.create(pod, { nodeSelector: { [HOST]: "volumes-b" } });
        await fixture.bound(pod);
        await fixture.removeNow(pod);
      }
      const after = (await fixture.read(`${claims}/shared`)).body;
      assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
      for (const pod of ["first", "second"]) await fixture.removeNow(pod);
      await fixture.server.api.expect("DELETE", `${claims}/shared`);
    });

    /** Acts as a provisioner, like our storage agent. */
    async function provideVolume(uid: string): Promise<void> {
      const claim = { kind: "PersistentVolumeClaim", namespace: "volumes", name: "disk", uid };
      const inZone = { key: "topology.kubernetes.io/zone", operator: "In", values: ["a"] };
      await fixture.server.api.expect("POST", "/api/v1/persistentvolumes", {
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
      await fixture.server.api.expect("PATCH", path, binding, MERGE);
      const status = {
        phase: "Bound",
        accessModes: ["ReadWriteOncePod"],
        capacity: { storage: "1Gi" },
      };
      await fixture.server.api.expect("PATCH", `${path}/status`, { status }, MERGE);
    }
  });
}
