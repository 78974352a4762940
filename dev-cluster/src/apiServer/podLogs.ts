import type { ObjectOperations } from "../objects/objectOperations.ts";
import type { ObjectKey } from "../kube/kubeObject.ts";
import { badRequest, StatusError } from "../kube/statusError.ts";
import { podType } from "../resources/podType.ts";

export interface LogOptions {
  /** Only the last lines; absent for the whole log. */
  readonly tailLines?: number | undefined;
  /** The log of the previous run of the container. */
  readonly previous?: boolean | undefined;
}

/** The source of pod logs for the API server: the node agents provide it. */
export interface LogSource {
  /**
   * The pod's log as text; empty when the pod has written nothing.
   * Throws an Error with a user-facing message when the pod is unknown here or its node is lost.
   */
  read(namespace: string, pod: string, uid: string, options: LogOptions): Promise<string>;
}

/**
 * The pod's log from its node. Throws 400 for a pod that has not started, 500 when the node is
 * unavailable.
 */
export async function readLog(
  operations: ObjectOperations,
  source: LogSource | undefined,
  key: ObjectKey,
  query: URLSearchParams,
): Promise<string> {
  const pod = operations.get(podType, key);
  const { name, uid, namespace = "" } = pod.metadata;
  if (source === undefined || (pod.spec.nodeName ?? "") === "") {
    throw badRequest(`container in pod "${name}" is waiting to start`);
  }
  const tail = query.get("tailLines");
  const limit = Number(query.get("limitBytes") ?? "0");
  let text: string;
  try {
    text = await source.read(namespace, name, uid, {
      ...(tail === null ? {} : { tailLines: Number(tail) }),
      previous: query.get("previous") === "true",
    });
  } catch (error) {
    throw new StatusError(500, "InternalError", (error as Error).message);
  }
  return limit > 0 ? Buffer.from(text).subarray(0, limit).toString("utf8") : text;
}
