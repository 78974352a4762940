/** One request of the contract. Steps of a list follow one another on one server. */
export interface Step {
  readonly says: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{ns}` stands for the namespace of the list. */
  readonly path: string;
  /** Of a PUT or PATCH it may depend on what stands at its path. */
  readonly body?: object | undefined | ((current: Known) => object);
  readonly contentType?: string;
}

/** An object as a server answers it. */
export interface Known {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly [field: string]: unknown };
  readonly spec?: object;
  readonly status?: object;
}

export const MERGE = "application/merge-patch+json";
export const STRATEGIC = "application/strategic-merge-patch+json";
export const JSON_PATCH = "application/json-patch+json";

const plural = { Pod: "pods", Service: "services", Secret: "secrets", ConfigMap: "configmaps" };
const core = (kind: keyof typeof plural) => `/api/v1/namespaces/{ns}/${plural[kind]}`;

export const PODS = core("Pod");
export const SERVICES = core("Service");
export const SECRETS = core("Secret");
export const CONFIG_MAPS = core("ConfigMap");
export const CLAIMS = "/api/v1/namespaces/{ns}/persistentvolumeclaims";

export const create = (says: string, path: string, body: object): Step => ({
  says,
  method: "POST",
  path,
  body,
});
export const get = (says: string, path: string): Step => ({ says, method: "GET", path });
export const remove = (says: string, path: string, body?: object): Step => ({
  says,
  method: "DELETE",
  path,
  body,
});
export const put = (says: string, path: string, body: Exclude<Step["body"], undefined>): Step => ({
  says,
  method: "PUT",
  path,
  body,
});
export const patch = (says: string, path: string, contentType: string, body: object): Step => ({
  says,
  method: "PATCH",
  path,
  contentType,
  body,
});

/** Nobody schedules it, so that no other writer changes what is compared; and none of our pods gets a token. */
export function pod(name: string, spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name }, ...metadata },
    spec: {
      schedulerName: "nobody",
      automountServiceAccountToken: false,
      containers: [{ name: "main", image: "example/pause:1" }],
      ...spec,
    },
  };
}

export function object(kind: string, name: string, rest: object = {}, apiVersion = "v1"): object {
  return { apiVersion, kind, metadata: { name }, ...rest };
}
