import { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import { required, invalidField, type ResourceType } from "./resourceType.ts";
import { isDnsLabel } from "./shapes.ts";

interface Service extends KubeObject {
  spec: {
    type?: string;
    clusterIP?: string;
    clusterIPs?: string[];
    selector?: Record<string, string>;
    sessionAffinity?: string;
    internalTrafficPolicy?: string;
    ipFamilies?: string[];
    ipFamilyPolicy?: string;
    ports?: { name?: string; port: number; protocol?: string; targetPort?: number | string }[];
  };
}

/**
 * Stored and validated; addresses are not routed, because there is one machine and no cluster DNS.
 */
export const serviceType: ResourceType<Service> = {
  group: "",
  version: "v1",
  kind: "Service",
  resource: "services",
  shortNames: ["svc"],
  namespaced: true,
  subresources: ["status"],
  returnsDeleted: true,
  schema: z.looseObject({
    spec: z.looseObject({
      type: z.enum(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]).nullish(),
      selector: z.record(z.string(), z.string()).nullish(),
      ports: z.array(z.looseObject({ port: z.number().int().min(1).max(65535) })).nullish(),
    }),
  }),
  prepareCreate(draft) {
    delete draft.status;
  },
  setDefaults(draft) {
    draft.status = { loadBalancer: {}, ...(draft.status as object | undefined) };
    const spec = draft.spec;
    spec.type ??= "ClusterIP";
    spec.sessionAffinity ??= "None";
    if (spec.type !== "ExternalName") {
      spec.clusterIP =
        spec.clusterIP === undefined || spec.clusterIP === "" ? address(draft) : spec.clusterIP;
      spec.clusterIPs = [spec.clusterIP];
      spec.internalTrafficPolicy ??= "Cluster";
      // The endpoints of a headless service without a selector are external, of any IP family.
      const isExternal = spec.clusterIP === "None" && spec.selector === undefined;
      spec.ipFamilies ??= isExternal ? ["IPv4", "IPv6"] : ["IPv4"];
      spec.ipFamilyPolicy ??= isExternal ? "RequireDualStack" : "SingleStack";
    }
    for (const port of spec.ports ?? []) {
      port.protocol ??= "TCP";
      port.targetPort ??= port.port;
    }
  },
  validate(service) {
    const { name } = service.metadata;
    const ports = service.spec.ports ?? [];
    const headless = service.spec.clusterIP === "None";
    return [
      ...(isDnsLabel(name)
        ? []
        : [invalidField("metadata.name", `Invalid value: "${name}": not a DNS label`)]),
      ...(ports.length === 0 && !headless && service.spec.type !== "ExternalName"
        ? [required("spec.ports")]
        : []),
      ...ports.flatMap((port, index) =>
        ports.length > 1 && port.name === undefined
          ? [required(`spec.ports[${String(index)}].name`)]
          : [],
      ),
    ];
  },
  validateUpdate: (next, old) =>
    next.spec.clusterIP === old.spec.clusterIP
      ? []
      : [
          invalidField(
            "spec.clusterIPs[0]",
            `Invalid value: ${JSON.stringify(next.spec.clusterIPs)}: field is immutable`,
          ),
        ],
};

/** An address of the service range, derived from the uid so that it never changes. */
function address(service: Service): string {
  const bytes = [...service.metadata.uid.replaceAll("-", "").slice(0, 6).matchAll(/../g)];
  const [a = 0, b = 0, c = 1] = bytes.map(([hex]) => Number.parseInt(hex, 16));
  return `10.${String(96 + (a % 16))}.${String(b)}.${String((c % 254) + 1)}`;
}
