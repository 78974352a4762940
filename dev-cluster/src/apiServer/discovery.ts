import { RESOURCE_TYPES } from "../resources/registry.ts";
import { apiVersionOf, type ResourceType, type Subresource } from "../resources/resourceType.ts";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

const SUBRESOURCE_VERBS: Record<Subresource, string[]> = {
  status: ["get", "patch", "update"],
  finalize: ["update"],
  log: ["get"],
  eviction: ["create"],
  binding: ["create"],
};

const version = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.0-dev-cluster",
  gitCommit: "",
  gitTreeState: "",
  buildDate: "",
  goVersion: "",
  compiler: "",
  platform: `${process.platform}/${process.arch}`,
};

/** The response to a discovery path; undefined for all other paths. */
export function discover(pathname: string, host: string): object | undefined {
  const path = pathname.replace(/\/$/, "");
  switch (path) {
    case "/version":
      return version;
    case "/api":
      return {
        kind: "APIVersions",
        versions: ["v1"],
        serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: host }],
      };
    case "/apis":
      return { kind: "APIGroupList", apiVersion: "v1", groups: groupNames().map(groupOf) };
    default:
      return group(path) ?? groupVersion(path);
  }
}

function group(path: string): object | undefined {
  const name = groupNames().find((each) => path === `/apis/${each}`);
  return name === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...groupOf(name) };
}

function groupVersion(path: string): object | undefined {
  const types = RESOURCE_TYPES.filter((type) =>
    type.group === "" ? path === `/api/${type.version}` : path === `/apis/${apiVersionOf(type)}`,
  );
  const [first] = types;
  if (first === undefined) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf(first),
    resources: types.flatMap(resourcesOf),
  };
}

function resourcesOf(type: ResourceType): object[] {
  const { resource: name, kind, namespaced, shortNames } = type;
  return [
    { name, singularName: kind.toLowerCase(), namespaced, kind, verbs: VERBS, shortNames },
    ...type.subresources.map((subresource) => ({
      name: `${name}/${subresource}`,
      singularName: "",
      namespaced,
      kind,
      verbs: SUBRESOURCE_VERBS[subresource],
    })),
  ];
}

function groupNames(): string[] {
  return [...new Set(RESOURCE_TYPES.map((type) => type.group))].filter((name) => name !== "");
}

function groupOf(name: string) {
  const preferredVersion = { groupVersion: `${name}/v1`, version: "v1" };
  return { name, versions: [preferredVersion], preferredVersion };
}
