import type { IncomingMessage, ServerResponse } from "node:http";
import type { FieldValidation } from "../objects/admission.ts";
import {
  parseDeleteOptions,
  specifiesPropagation,
  type DeleteOptions,
} from "../objects/deleteOptions.ts";
import { deleteObject } from "../objects/objectDeletion.ts";
import type { ObjectOperations, WriteOptions } from "../objects/objectOperations.ts";
import type { ObjectKey } from "../kube/kubeObject.ts";
import { subjectOf, storageKey } from "../resources/resourceType.ts";
import { bindPod } from "../objects/podBinding.ts";
import { evictPod } from "../objects/podEviction.ts";
import { badRequest, methodNotAllowed } from "../kube/statusError.ts";
import { applyPatch } from "../patch/applyPatch.ts";
import { listOf, listText, matcherOf } from "./listing.ts";
import { readLog, type LogSource } from "./podLogs.ts";
import { contentTypeOf, readBody } from "./requestBody.ts";
import type { RequestTarget } from "./requestTarget.ts";
import { sendJson, sendText } from "./responses.ts";
import { tableOf, wantsTable } from "./tables.ts";

export interface ResourceRequest {
  readonly operations: ObjectOperations;
  readonly target: RequestTarget;
  readonly verb: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly logSource: LogSource | undefined;
}

/** The verb of the request, as the API names it; `watch` is handled by the caller. */
export function verbOf(target: RequestTarget, method: string, query: URLSearchParams): string {
  const namesObject = target.name !== undefined;
  const isWatch = query.get("watch") === "true" || query.get("watch") === "1";
  switch (method) {
    case "GET":
      if (isWatch && target.subresource === undefined) return "watch";
      return namesObject ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return namesObject ? "delete" : "deletecollection";
    default:
      throw methodNotAllowed(`the method ${method} is not supported`);
  }
}

/** Executes the request and responds; throws StatusError. */
export async function handleResource(resourceRequest: ResourceRequest): Promise<void> {
  const { operations, target, verb, query, request, response } = resourceRequest;
  const { type, subresource } = target;
  if (subresource !== undefined && subresource !== "status" && subresource !== "finalize") {
    await handlePodSubresource(resourceRequest);
    return;
  }
  const asTable = wantsTable(request.headers.accept);
  if (verb === "list") {
    const text = listText(operations, target, query, asTable);
    sendText(response, 200, text, "application/json");
    return;
  }
  const body = verb === "get" ? undefined : await readBody(request);
  const options = writeOptions(resourceRequest);
  switch (verb) {
    case "get": {
      const found = operations.get(type, keyOfTarget(target));
      sendJson(response, 200, asTable ? tableOf(type, [found], {}, operations.clock) : found);
      return;
    }
    case "create": {
      if (target.name !== undefined) throw notSupportedOn(target, verb);
      const { json } = operations.create(type, target.namespace, body, options);
      sendText(response, 201, json, "application/json");
      return;
    }
    case "update": {
      const replacing = { ...options, replaces: true };
      const { json } = operations.update(type, keyOfTarget(target), body, replacing);
      sendText(response, 200, json, "application/json");
      return;
    }
    case "patch": {
      const key = keyOfTarget(target);
      const current = operations.get(type, key);
      const next = applyPatch(type, current, body, contentTypeOf(request));
      const { json } = operations.update(type, key, next, options);
      sendText(response, 200, json, "application/json");
      return;
    }
    case "delete":
      deleteOne(resourceRequest, body);
      return;
    default:
      deleteAll(resourceRequest, body);
  }
}

function writeOptions({ target, query, response }: ResourceRequest): WriteOptions {
  return {
    dryRun: query.get("dryRun") === "All",
    subresource: target.subresource === "status" ? "status" : undefined,
    fieldValidation: fieldValidationOf(query),
    warn: (text) => {
      warn(response, text);
    },
  };
}

/** 299 is a warning without a more specific code (RFC 7234); kubectl shows it. */
function warn(response: ServerResponse, text: string): void {
  response.appendHeader("warning", `299 - ${JSON.stringify(text)}`);
}

function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const value = query.get("fieldValidation") ?? "Warn";
  if (value === "Ignore" || value === "Warn" || value === "Strict") return value;
  throw badRequest(`fieldValidation must be Ignore, Warn or Strict, not "${value}"`);
}

async function handlePodSubresource(resourceRequest: ResourceRequest): Promise<void> {
  const { operations, target, verb, query, request, response, logSource } = resourceRequest;
  const key = keyOfTarget(target);
  if (target.subresource === "log") {
    if (verb !== "get") throw notSupportedOn(target, verb);
    sendText(response, 200, await readLog(operations, logSource, key, query), "text/plain");
    return;
  }
  if (verb !== "create") throw notSupportedOn(target, verb);
  const body = await readBody(request);
  if (target.subresource === "binding") bindPod(operations, key, body);
  else evictPod(operations, key, body, query.get("dryRun") === "All");
  sendJson(response, 201, { ...success(), code: 201 });
}

function deleteOne(resourceRequest: ResourceRequest, body: unknown): void {
  const { operations, target, response } = resourceRequest;
  const key = keyOfTarget(target);
  const { type } = target;
  const options = deleteOptions(resourceRequest, body);
  const { object, json, removed } = deleteObject(operations, type, key, options);
  if (type.returnsDeleted === true || !removed) {
    sendText(response, 200, json, "application/json");
    return;
  }
  const { name, uid } = object.metadata;
  const details = { ...subjectDetails(target), name, uid };
  sendJson(response, 200, { ...success(), details });
}

function deleteAll(resourceRequest: ResourceRequest, body: unknown): void {
  const { operations, target, query, response } = resourceRequest;
  const { type, namespace } = target;
  const matches = matcherOf(target, query);
  const options = deleteOptions(resourceRequest, body);
  const found = operations.store
    .list(storageKey(type), namespace)
    .filter(({ object }) => matches(object));
  for (const { object } of found) deleteObject(operations, type, object.metadata, options);
  // The response lists the objects as they were before the deletion.
  const metadata = { resourceVersion: String(operations.store.revision) };
  sendText(response, 200, listOf(type, metadata, found), "application/json");
}

/** The options in the body; those in the query apply only if there is no body. */
function deleteOptions({ target, query, response }: ResourceRequest, body: unknown): DeleteOptions {
  const grace = query.get("gracePeriodSeconds");
  const policy = query.get("propagationPolicy");
  const dryRun = query.get("dryRun");
  const fromQuery = {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(dryRun === null ? {} : { dryRun: [dryRun] }),
  };
  const options = parseDeleteOptions(body ?? fromQuery);
  if (target.type.orphansByDefault === true && !specifiesPropagation(options)) {
    warn(response, CHILDREN_STAY);
  }
  return options;
}

const CHILDREN_STAY =
  "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

function keyOfTarget(target: RequestTarget): ObjectKey {
  if (target.name === undefined) throw methodNotAllowed("the request must name an object");
  return { namespace: target.namespace, name: target.name };
}

function subjectDetails({ type }: RequestTarget) {
  const { group, resource } = subjectOf(type);
  return group === "" ? { kind: resource } : { group, kind: resource };
}

function notSupportedOn(target: RequestTarget, verb: string) {
  const path = [target.type.resource, target.subresource].filter(Boolean).join("/");
  return methodNotAllowed(`${verb} is not supported on ${path}`);
}

const success = () => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
