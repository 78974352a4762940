import type { ObjectOperations } from "../objects/objectOperations.ts";
import type { ObjectKey } from "../kube/kubeObject.ts";
import { badRequest, StatusError } from "../kube/statusError.ts";
import { podType } from "../resources/podType.ts";
import type { LogSource } from "./logSource.ts";

/** The pod's log from its node. Throws 400 for a pod that has not started, 500 when the node is unavailable. */
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
