/** A request of the contract. The steps of a list run in order on one server. */
export interface Step {
  readonly title: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{ns}` stands for the namespace of the list. */
  readonly path: string;
  /** The body of a PUT or PATCH may depend on the current object. */
  readonly body?: object | undefined | ((current: Known) => object);
  readonly contentType?: string;
}

/** An object as a server returns it. */
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

export const create = (title: string, path: string, body: object): Step => ({
  title,
  method: "POST",
  path,
  body,
});
export const get = (title: string, path: string): Step => ({ title, method: "GET", path });
export const remove = (title: string, path: string, body?: object): Step => ({
  title,
  method: "DELETE",
  path,
  body,
});
export const put = (title: string, path: string, body: Exclude<Step["body"], undefined>): Step => ({
  title,
  method: "PUT",
  path,
  body,
});
export const patch = (title: string, path: string, contentType: string, body: object): Step => ({
  title,
  method: "PATCH",
  path,
  contentType,
  body,
});

/**
 * Not scheduled, so that no other writer changes what is compared; and without a token, like all of
 * our pods.
 */
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
