import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import { makeNamespace, SERVERS, startServerNamed, type Server } from "./servers.ts";
import { MERGE, object, STRATEGIC } from "./steps.ts";

interface Found {
  readonly metadata: {
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      type: string;
      status: string;
      reason?: string;
      message?: string;
    }[];
  };
}

const HOST = "kubernetes.io/hostname";

for (const name of SERVERS) {
  describe(`the contract of scheduler and controllers: ${name}`, () => {
    const inside = "/api/v1/namespaces/controlled";
    const pods = `${inside}/pods`;
    let server: Server;
    before(async () => {
      server = await startServerNamed(name, { nodeLeaseMillis: 3_600_000 });
      await makeNamespace(server, "controlled");
      await addNode("contract-a", 8);
    });
    after(async () => {
      await server.api.request("DELETE", "/api/v1/nodes/contract-a");
      await server.stop();
    });

    /** Ready, by the word of an agent that there is not. */
    async function addNode(node: string, gpus: number): Promise<void> {
      await server.api.expect("POST", "/api/v1/nodes", {
        ...object("Node", node),
        metadata: { name: node, labels: { [HOST]: node, "topology.kubernetes.io/zone": "a" } },
      });
      const amounts = { cpu: "8", memory: "16Gi", pods: "20", "nvidia.com/gpu": String(gpus) };
      const conditions = [{ type: "Ready", status: "True", reason: "KubeletReady" }];
      await server.api.expect(
        "PATCH",
        `/api/v1/nodes/${node}/status`,
        { status: { allocatable: amounts, capacity: amounts, conditions } },
        STRATEGIC,
      );
    }

    const create = (pod: string, spec: object = {}, gpus = 0) => {
      const amounts = { cpu: "1", ...(gpus === 0 ? {} : { "nvidia.com/gpu": String(gpus) }) };
      return server.api.expect<Found>("POST", pods, {
        ...object("Pod", pod),
        metadata: { name: pod, labels: { app: pod } },
        spec: {
          automountServiceAccountToken: false,
          nodeSelector: { [HOST]: "contract-a" },
          containers: [
            { name: "main", image: "x", resources: { limits: amounts, requests: amounts } },
          ],
          ...spec,
        },
      });
    };
    const read = (path: string) => server.api.request<Found>("GET", path);
    const bound = (pod: string) =>
      waitFor(async () => (await read(`${pods}/${pod}`)).body.spec.nodeName, {
        timeoutMs: 20_000,
        describe: `${pod} to be bound`,
      });
    const refused = (pod: string, wanted: RegExp) =>
      waitFor(
        async () => {
          const { body } = await read(`${pods}/${pod}`);
          const told = body.status?.conditions?.find(({ type }) => type === "PodScheduled");
          return told?.reason === "Unschedulable" && wanted.test(told.message ?? "");
        },
        { timeoutMs: 20_000, describe: `${pod} to be refused: ${String(wanted)}` },
      );
    const removeNow = (pod: string) =>
      server.api.expect("DELETE", `${pods}/${pod}`, { gracePeriodSeconds: 0 });
    const isGone = (path: string) =>
      waitFor(async () => (await read(path)).status === 404, {
        timeoutMs: 20_000,
        describe: `${path} to be gone`,
      });

    it("never gives a GPU twice, and gives it again when the pod is gone", async () => {
      await create("first", {}, 6);
      assert.equal(await bound("first"), "contract-a");
      await create("second", {}, 4);
      await refused("second", /Insufficient nvidia\.com\/gpu/);
      await removeNow("first");
      assert.equal(await bound("second"), "contract-a");
      await removeNow("second");
    });

    it("keeps the GPUs of a pod that is being deleted until its object is gone", async () => {
      await create("leaving", {}, 8);
      await bound("leaving");
      await server.api.expect("DELETE", `${pods}/leaving`);
      await create("coming", {}, 1);
      await refused("coming", /Insufficient nvidia\.com\/gpu/);
      await removeNow("leaving");
      assert.equal(await bound("coming"), "contract-a");
      await removeNow("coming");
    });

    it("honours required affinity, and a cordon", async () => {
      const matchExpressions = [{ key: HOST, operator: "In", values: ["contract-none"] }];
      const required = { nodeSelectorTerms: [{ matchExpressions }] };
      const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required };
      await create("elsewhere", { nodeSelector: {}, affinity: { nodeAffinity } });
      await refused("elsewhere", /didn't match Pod's node affinity\/selector/);
      await removeNow("elsewhere");
      const cordon = (unschedulable: boolean) =>
        server.api.expect("PATCH", "/api/v1/nodes/contract-a", { spec: { unschedulable } }, MERGE);
      await cordon(true);
      await create("cordoned");
      await refused("cordoned", /unschedulable/);
      await cordon(false);
      assert.equal(await bound("cordoned"), "contract-a");
      await removeNow("cordoned");
    });

    it("picks a node for a claim that binds late, waits for its volume, then binds the pod", async () => {
      const storage = "/apis/storage.k8s.io/v1/storageclasses";
      await server.api.request("POST", storage, {
        ...object("StorageClass", "contract-late", {}, "storage.k8s.io/v1"),
        provisioner: "example.org/by-hand",
        volumeBindingMode: "WaitForFirstConsumer",
      });
      const claims = `${inside}/persistentvolumeclaims`;
      const amounts = { requests: { storage: "1Gi" } };
      const spec = { accessModes: ["ReadWriteOncePod"], resources: amounts };
      const made = await server.api.expect<Found>("POST", claims, {
        ...object("PersistentVolumeClaim", "disk", {
          spec: { ...spec, storageClassName: "contract-late" },
        }),
      });
      const volumes = [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }];
      await create("user", { volumes });
      const selected = await waitFor(
        async () =>
          (await read(`${claims}/disk`)).body.metadata.annotations?.[
            "volume.kubernetes.io/selected-node"
          ],
        { timeoutMs: 20_000, describe: "the selected node" },
      );
      assert.equal(selected, "contract-a");
      assert.equal((await read(`${pods}/user`)).body.spec.nodeName, undefined);
      await provideVolume(made.metadata.uid);
      assert.equal(await bound("user"), "contract-a");
      await create("second-user", { volumes });
      await refused("second-user", /ReadWriteOncePod/);
      await server.api.expect("DELETE", `${claims}/disk`);
      const held = await read(`${claims}/disk`);
      assert.notEqual(held.body.metadata.deletionTimestamp, undefined);
      await removeNow("second-user");
      await removeNow("user");
      await isGone(`${claims}/disk`);
    });

    /** What a provisioner does, as our storage agent does it. */
    async function provideVolume(uid: string): Promise<void> {
      const claim = { kind: "PersistentVolumeClaim", namespace: "controlled", name: "disk", uid };
      const inZone = { key: "topology.kubernetes.io/zone", operator: "In", values: ["a"] };
      await server.api.expect("POST", "/api/v1/persistentvolumes", {
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
      const path = `${inside}/persistentvolumeclaims/disk`;
      const annotations = { "pv.kubernetes.io/bind-completed": "yes" };
      const binding = { metadata: { annotations }, spec: { volumeName: "contract-volume" } };
      await server.api.expect("PATCH", path, binding, MERGE);
      const status = {
        phase: "Bound",
        accessModes: ["ReadWriteOncePod"],
        capacity: { storage: "1Gi" },
      };
      await server.api.expect("PATCH", `${path}/status`, { status }, MERGE);
    }

    it("collects what its owner leaves behind, and keeps what another still owns", async () => {
      const maps = `${inside}/configmaps`;
      const owner = async (map: string) => {
        const { metadata } = await server.api.expect<Found>("POST", maps, object("ConfigMap", map));
        return { apiVersion: "v1", kind: "ConfigMap", name: map, uid: metadata.uid };
      };
      const [one, two] = [await owner("owner-1"), await owner("owner-2")];
      const owned = (map: string, ownerReferences: object[]) =>
        server.api.expect("POST", maps, {
          ...object("ConfigMap", map),
          metadata: { name: map, ownerReferences },
        });
      await owned("of-one", [one]);
      await owned("of-both", [one, two]);
      await server.api.expect("DELETE", `${maps}/owner-1`);
      await isGone(`${maps}/of-one`);
      assert.equal((await read(`${maps}/of-both`)).status, 200);
      await server.api.expect("DELETE", `${maps}/owner-2`);
      await isGone(`${maps}/of-both`);
    });

    it("refuses an eviction that a budget forbids, and grants one that nothing forbids", async () => {
      await create("guarded");
      await bound("guarded");
      const conditions = [{ type: "Ready", status: "True" }];
      const running = { status: { phase: "Running", conditions } };
      await server.api.expect("PATCH", `${pods}/guarded/status`, running, STRATEGIC);
      const budgets = "/apis/policy/v1/namespaces/controlled/poddisruptionbudgets";
      const spec = { maxUnavailable: 0, selector: { matchLabels: { app: "guarded" } } };
      const budget = object("PodDisruptionBudget", "guard", { spec }, "policy/v1");
      await server.api.expect("POST", budgets, budget);
      const eviction = object("Eviction", "guarded", {}, "policy/v1");
      const evict = () => server.api.request("POST", `${pods}/guarded/eviction`, eviction);
      const answer = await waitFor(
        async () => {
          const told = await evict();
          const { details } = told.body as { details?: { causes?: { reason: string }[] } };
          // Before its controller has counted, the real server says 429 for want of a count.
          return details?.causes?.[0]?.reason === "DisruptionBudget" && told;
        },
        { timeoutMs: 20_000, describe: "the budget to refuse" },
      );
      assert.equal(answer.status, 429);
      assert.equal((await read(`${pods}/guarded`)).body.metadata.deletionTimestamp, undefined);
      await server.api.expect("DELETE", `${budgets}/guard`);
      await waitFor(async () => (await evict()).status === 201, { describe: "the eviction" });
      assert.notEqual((await read(`${pods}/guarded`)).body.metadata.deletionTimestamp, undefined);
      await removeNow("guarded");
    });

    it("runs a job's pod, and counts how it ended", async () => {
      const jobs = "/apis/batch/v1/namespaces/controlled/jobs";
      const spec = { restartPolicy: "Never", containers: [{ name: "main", image: "x" }] };
      const template = { metadata: { labels: { of: "job" } }, spec };
      await server.api.expect(
        "POST",
        jobs,
        object("Job", "once", { spec: { template } }, "batch/v1"),
      );
      const pod = await waitFor(
        async () => {
          const { body } = await server.api.request<{ items: { metadata: { name: string } }[] }>(
            "GET",
            `${pods}?labelSelector=${encodeURIComponent("batch.kubernetes.io/job-name=once")}`,
          );
          return body.items[0]?.metadata.name;
        },
        { timeoutMs: 20_000, describe: "the job's pod" },
      );
      const ended = { status: { phase: "Succeeded" } };
      await server.api.expect("PATCH", `${pods}/${pod}/status`, ended, STRATEGIC);
      await waitFor(
        async () => {
          const { body } = await read(`${jobs}/once`);
          return body.status?.conditions?.some((c) => c.type === "Complete" && c.status === "True");
        },
        { timeoutMs: 20_000, describe: "the job to be complete" },
      );
      await server.api.expect("DELETE", `${jobs}/once?propagationPolicy=Background`);
      await isGone(`${pods}/${pod}`);
    });

    it("empties a namespace that is deleted, then lets it go", async () => {
      await makeNamespace(server, "controlled-going");
      const maps = "/api/v1/namespaces/controlled-going/configmaps";
      await server.api.expect("POST", maps, object("ConfigMap", "m"));
      await server.api.expect("DELETE", "/api/v1/namespaces/controlled-going");
      await isGone("/api/v1/namespaces/controlled-going");
    });
  });
}
