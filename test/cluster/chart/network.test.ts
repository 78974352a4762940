import assert from "node:assert/strict";
import { BlockList, isIPv6 } from "node:net";
import { CHART, render, type Manifest } from "./release.ts";

type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels?: Labels;
}
interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number | string; readonly protocol: string }[];
}
interface Policy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly ("Ingress" | "Egress")[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}
/** A pod, as selectors see it, or an address outside the cluster. */
type Party = { readonly namespace: Labels; readonly pod: Labels } | { readonly ip: string };

const namespace = (name: string): Labels => ({ "kubernetes.io/metadata.name": name });
const user: Party = { namespace: namespace("gpu-dev"), pod: { "gpu-dev.io/reservation": "a" } };
const other: Party = { namespace: namespace("gpu-dev"), pod: { "gpu-dev.io/reservation": "b" } };
const GATEWAY = { "app.kubernetes.io/component": "gateway" };
const gateway: Party = { namespace: namespace("gpu-dev-system"), pod: GATEWAY };
const elsewhere: Party = { namespace: namespace("default"), pod: GATEWAY };
const dns: Party = { namespace: namespace("kube-system"), pod: { "k8s-app": "kube-dns" } };
const otherSystem: Party = { namespace: namespace("kube-system"), pod: { "k8s-app": "proxy" } };
const prometheus = {
  namespace: namespace("monitoring"),
  pod: { "app.kubernetes.io/name": "prometheus" },
} satisfies Party;

const part = (component: string): Party => ({
  namespace: namespace("gpu-dev-system"),
  pod: { "app.kubernetes.io/instance": "gpu-dev", "app.kubernetes.io/component": component },
});

/**
 * Evaluates the policies by the rules of networking.k8s.io/v1: a pod that a policy selects for a
 * direction is closed in it, except for what some policy opens. Enforcement is up to the network
 * plug-in, and not tested here.
 */
describe("S6: the network policies", () => {
  let policies: Manifest[];
  const policiesOf = async (set: string) =>
    (await render("gpu-dev", "--values", `${CHART}/ci/${set}.yaml`)).filter(
      ({ kind }) => kind === "NetworkPolicy",
    );
  beforeEach(async () => {
    policies = await policiesOf("small");
  });

  function lets(direction: "Ingress" | "Egress", of: Party, peer: Party, port: string | number) {
    assert.ok("pod" in of);
    const closing = policies.filter(({ metadata, spec }) => {
      const { podSelector, policyTypes } = spec as Policy;
      return (
        matches({ matchLabels: namespace(metadata.namespace ?? "") }, of.namespace) &&
        matches(podSelector, of.pod) &&
        policyTypes.includes(direction)
      );
    });
    const rules = closing.flatMap(({ spec }) => {
      const { ingress, egress } = spec as Policy;
      return (direction === "Ingress" ? ingress : egress) ?? [];
    });
    return closing.length === 0 || rules.some((rule) => opens(rule, peer, port));
  }

  const REACHES: readonly (readonly [string, Party, number, boolean])[] = [
    ["the internet", { ip: "140.82.112.3" }, 443, true],
    ["the internet by IPv6", { ip: "2606:50c0::1" }, 443, true],
    ["the cluster's DNS", dns, 53, true],
    ["another port of it", dns, 9153, false],
    ["the cloud's metadata", { ip: "169.254.169.254" }, 80, false],
    ["the cloud's metadata by IPv6", { ip: "fd00:ec2::254" }, 80, false],
    ["it behind a translator", { ip: "64:ff9b::a9fe:a9fe" }, 80, false],
    ["it through a private NAT64 prefix", { ip: "64:ff9b:1::a9fe:a9fe" }, 80, false],
    ["another pod of the system's namespace", otherSystem, 53, false],
    ["the API server or the database", { ip: "10.0.12.7" }, 443, false],
    ["a service of the cluster", { ip: "172.20.0.1" }, 443, false],
    ["another user's pod", other, 2222, false],
  ];
  for (const [what, peer, port, wanted] of REACHES) {
    it(`a user's pod ${wanted ? "reaches" : "does not reach"} ${what}`, () => {
      assert.equal(lets("Egress", user, peer, port), wanted);
    });
  }

  it("private ranges of both families are closed, and NodeLocal DNS is open, if they are listed", async () => {
    policies = await policiesOf("production");
    const reaches = (ip: string, port: number) => lets("Egress", user, { ip }, port);
    assert.equal(reaches("198.18.0.1", 443), false);
    assert.equal(reaches("2600:1f16:abc:1::1", 443), false);
    assert.equal(reaches("2600:1f16:def::1", 443), true);
    assert.equal(reaches("169.254.20.10", 53), true);
    assert.equal(reaches("169.254.20.10", 80), false);
    assert.equal(reaches("169.254.169.254", 53), false);
  });

  it("only the gateway reaches users' pods, and only their SSH port", () => {
    assert.equal(lets("Ingress", user, gateway, "ssh"), true);
    assert.equal(lets("Ingress", user, gateway, 8888), false);
    for (const peer of [elsewhere, other, dns, prometheus, { ip: "140.82.112.3" }]) {
      assert.equal(lets("Ingress", user, peer, "ssh"), false, JSON.stringify(peer));
    }
  });

  it("every client reaches the API, and only Prometheus reaches the metrics", () => {
    assert.equal(lets("Ingress", part("api"), { ip: "140.82.112.3" }, "http"), true);
    for (const component of ["api", "reconcilers"]) {
      assert.equal(lets("Ingress", part(component), prometheus, "health"), true);
      assert.equal(lets("Ingress", part(component), gateway, "health"), false);
    }
    assert.equal(lets("Ingress", part("reconcilers"), prometheus, "http"), false);
  });

  it("only the configured Prometheus reaches the metrics", async () => {
    policies = await policiesOf("monitored");
    const { namespace: where, pod } = prometheus;
    const own = { ...pod, "app.kubernetes.io/instance": "kube-prometheus-stack" };
    for (const component of ["api", "reconcilers"]) {
      assert.equal(lets("Ingress", part(component), prometheus, "health"), false);
      const named = { namespace: where, pod: own };
      assert.equal(lets("Ingress", part(component), named, "health"), true);
    }
  });
});

function opens({ from, to, ports }: Rule, peer: Party, port: string | number): boolean {
  const peers = from ?? to;
  const named = ports === undefined || ports.some((each) => each.port === port);
  return named && (peers === undefined || peers.some((each) => isPeer(each, peer)));
}

function isPeer({ ipBlock, namespaceSelector, podSelector }: Peer, peer: Party): boolean {
  if ("ip" in peer) {
    return (
      ipBlock !== undefined &&
      contains(ipBlock.cidr, peer.ip) &&
      !(ipBlock.except ?? []).some((range) => contains(range, peer.ip))
    );
  }
  // ipBlock matches addresses outside the cluster. Without a namespaceSelector, peers are in the
  // policy's namespace.
  if (ipBlock !== undefined || namespaceSelector === undefined) return false;
  return matches(namespaceSelector, peer.namespace) && matches(podSelector ?? {}, peer.pod);
}

function matches({ matchLabels = {} }: Selector, labels: Labels): boolean {
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}

function contains(range: string, ip: string): boolean {
  const [address = "", bits] = range.split("/");
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  if (isIPv6(ip) !== (family === "ipv6")) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return list.check(ip, family);
}
