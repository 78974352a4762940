import assert from "node:assert/strict";
import { podNamed, refusalOf, startApi, type ApiFixture } from "./apiFixture.ts";

const namespace = "default";

describe("dev-cluster API: validation", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const refusedPod = async (body: object) => {
    const { code, reason, causes } = await refusalOf(
      api.core.createNamespacedPod({ namespace, body }),
    );
    return [code, reason, ...causes.map((cause) => cause.field)];
  };
  const withResources = (resources: object) =>
    podNamed("p", { containers: [{ name: "main", image: "x", resources }] });

  it("names the invalid field of a pod", async () => {
    const table: [object, (string | number)[]][] = [
      [{ ...podNamed("p"), metadata: { name: "Upper" } }, [422, "Invalid", "metadata.name"]],
      [{ ...podNamed("p"), metadata: { name: "line\nbreak" } }, [422, "Invalid", "metadata.name"]],
      [{ spec: podNamed("x").spec }, [422, "Invalid", "metadata.name"]],
      [podNamed("p", { containers: [] }), [422, "Invalid", "spec.containers"]],
      [
        podNamed("p", { containers: [{ name: "no image" }] }),
        [422, "Invalid", "spec.containers[0].name"],
      ],
      [
        podNamed("p", { containers: [{ name: "main" }] }),
        [422, "Invalid", "spec.containers[0].image"],
      ],
      [
        withResources({ requests: { cpu: "2" }, limits: { cpu: "1" } }),
        [422, "Invalid", "spec.containers[0].resources.requests"],
      ],
      [
        withResources({ requests: { "nvidia.com/gpu": "1" } }),
        [422, "Invalid", "spec.containers[0].resources.limits"],
      ],
      [podNamed("p", { hostname: "a$(b)" }), [422, "Invalid", "spec.hostname"]],
      // What a real server cannot decode is a bad request, not an invalid object.
      [withResources({ requests: { cpu: "lots" } }), [400, "BadRequest"]],
    ];
    for (const [body, expected] of table) assert.deepEqual(await refusedPod(body), expected);
    assert.deepEqual((await api.core.listNamespacedPod({ namespace })).items, []);
  });

  it("S5: refuses labels, keys and names with special characters", async () => {
    const labelled = (labels: Record<string, string>) =>
      refusedPod({ ...podNamed("p"), metadata: { name: "p", labels } });
    assert.equal((await labelled({ "a b": "c" }))[0], 422);
    assert.equal((await labelled({ a: "$(reboot)" }))[0], 422);
    const secret = { metadata: { name: "s" }, stringData: { "../key": "x" } };
    const refused = await refusalOf(api.core.createNamespacedSecret({ namespace, body: secret }));
    assert.deepEqual([refused.code, refused.causes[0]?.field], [422, "data[../key]"]);
    assert.ok(!refused.message.includes('"x"'));
  });

  it("sets the defaults of services, claims and secrets", async () => {
    const body = { metadata: { name: "svc" }, spec: { ports: [{ port: 80 }] } };
    const service = await api.core.createNamespacedService({ namespace, body });
    assert.equal(service.spec?.type, "ClusterIP");
    assert.match(service.spec.clusterIP ?? "", /^10\.\d+\.\d+\.\d+$/);
    const ports = service.spec.ports?.map((each) => ({ ...each }));
    assert.deepEqual(ports, [{ port: 80, protocol: "TCP", targetPort: 80 }]);
    const headless = await api.core.createNamespacedService({
      namespace,
      body: { metadata: { name: "headless" }, spec: { clusterIP: "None" } },
    });
    assert.equal(headless.spec?.clusterIP, "None");
    const claim = await api.core.createNamespacedPersistentVolumeClaim({
      namespace,
      body: {
        metadata: { name: "claim" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    });
    assert.deepEqual([claim.status?.phase, claim.spec?.volumeMode], ["Pending", "Filesystem"]);
    const secret = await api.core.createNamespacedSecret({
      namespace,
      body: { metadata: { name: "secret" }, stringData: { key: "value" } },
    });
    assert.deepEqual([secret.type, secret.data], ["Opaque", { key: "dmFsdWU=" }]);
  });
});
