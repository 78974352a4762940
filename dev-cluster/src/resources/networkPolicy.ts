import { isIP } from "node:net";
import { z } from "zod";
import type { KubeObject } from "../kube/kubeObject.ts";
import type { StatusCause } from "../kube/statusError.ts";
import { invalidField, type ResourceType } from "./resourceType.ts";
import { labelSelectorShape } from "./shapes.ts";

interface Rule {
  from?: { ipBlock?: IpBlock }[];
  to?: { ipBlock?: IpBlock }[];
  ports?: { protocol?: string }[];
}

interface IpBlock {
  cidr: string;
  except?: string[];
}

interface NetworkPolicy extends KubeObject {
  spec: { policyTypes?: string[]; ingress?: Rule[]; egress?: Rule[] };
}

/** Stored and validated, but not enforced: all pods share the machine's network. */
export const networkPolicyType: ResourceType<NetworkPolicy> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  resource: "networkpolicies",
  shortNames: ["netpol"],
  namespaced: true,
  counted: true,
  subresources: [],
  schema: z.looseObject({ spec: z.looseObject({ podSelector: labelSelectorShape }) }),
  setDefaults({ spec }) {
    // Ingress always applies; Egress only if it has rules.
    spec.policyTypes ??= ["Ingress", ...(spec.egress === undefined ? [] : ["Egress"])];
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) port.protocol ??= "TCP";
    }
  },
  validate: ({ spec }) => [
    ...(spec.ingress ?? []).flatMap(({ from }, index) =>
      checkBlocks(from, `spec.ingress[${String(index)}].from`),
    ),
    ...(spec.egress ?? []).flatMap(({ to }, index) =>
      checkBlocks(to, `spec.egress[${String(index)}].to`),
    ),
  ],
};

function checkBlocks(peers: Rule["to"], path: string): StatusCause[] {
  return (peers ?? []).flatMap(({ ipBlock }, index) => {
    if (ipBlock === undefined) return [];
    const at = `${path}[${String(index)}].ipBlock`;
    const blocks = [
      [ipBlock.cidr, `${at}.cidr`],
      ...(ipBlock.except ?? []).map((each, place) => [each, `${at}.except[${String(place)}]`]),
    ] as [string, string][];
    return blocks
      .filter(([block]) => !isBlock(block))
      .map(([block, field]) => invalidField(field, `Invalid value: "${block}": not a CIDR block`));
  });
}

function isBlock(text: string): boolean {
  const [address = "", bits = "", ...more] = text.split("/");
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= longest;
}
