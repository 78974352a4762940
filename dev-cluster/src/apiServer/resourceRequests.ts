import type { IncomingMessage, ServerResponse } from "node:http";
import type { FieldValidation } from "../objects/admission.ts";
import type { DeleteOptions } from "../objects/deleteOptions.ts";
import { parseDeleteOptions, saysPropagation } from "../objects/deleteOptions.ts";
import { deleteObject } from "../objects/objectDeletion.ts";
import type { ObjectKey, ObjectOperations, WriteOptions } from "../objects/objectOperations.ts";
import { subjectOf } from "../kube/statusError.ts";
import { bindPod } from "../objects/podBinding.ts";
import { evictPod } from "../objects/podEviction.ts";
import { badRequest, methodNotAllowed } from "../kube/statusError.ts";
import { applyPatch } from "../patch/applyPatch.ts";
import { storageKey } from "../resources/resourceType.ts";
import { listOf, listText, matcherOf } from "./listing.ts";
import type { LogSource } from "./logSource.ts";
import { readLog } from "./podLogs.ts";
import { contentTypeOf, readBody } from "./requestBody.ts";
import type { RequestTarget } from "./requestTarget.ts";
import { sendJson, sendText } from "./responses.ts";
import { tableOf, wantsTable } from "./tables.ts";

export interface ResourceRequest {
  operations: ObjectOperations;
  target: RequestTarget;
  verb: string;
  query: URLSearchParams;
  request: IncomingMessage;
  response: ServerResponse;
  logSource: LogSource | undefined;
}

/** What the request wants of the resource, in the words of the API; `watch` is served elsewhere. */
export function verbOf(target: RequestTarget, method: string, query: URLSearchParams): string {
  const one = target.name !== undefined;
  const watches = query.get("watch") === "true" || query.get("watch") === "1";
  switch (method) {
    case "GET":
      if (watches && target.subresource === undefined) return "watch";
      return one ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return one ? "delete" : "deletecollection";
    default:
      throw methodNotAllowed(`the method ${method} is not known`);
  }
}

/** Does what is asked and answers; throws StatusError. */
export async function handleResource(asked: ResourceRequest): Promise<void> {
  const { operations, target, verb, query, request, response } = asked;
  const { type, subresource } = target;
  if (subresource !== undefined && subresource !== "status" && subresource !== "finalize") {
    await handlePodSubresource(asked);
    return;
  }
  const asTable = wantsTable(request.headers.accept);
  if (verb === "list") {
    const text = listText(operations, target, query, asTable);
    sendText(response, 200, text, "application/json");
    return;
  }
  const body = verb === "get" ? undefined : await readBody(request);
  const options = writeOptions(asked);
  switch (verb) {
    case "get": {
      const found = operations.get(type, keyOfTarget(target));
      sendJson(response, 200, asTable ? tableOf(type, [found], {}, operations.clock) : found);
      return;
    }
    case "create": {
      if (target.name !== undefined) throw notHere(target, verb);
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
      deleteOne(asked, body);
      return;
    default:
      deleteAll(asked, body);
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

/** 299 is a warning of no special kind (RFC 7234); kubectl shows it. */
function warn(response: ServerResponse, text: string): void {
  response.appendHeader("warning", `299 - ${JSON.stringify(text)}`);
}

function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const asked = query.get("fieldValidation") ?? "Warn";
  if (asked === "Ignore" || asked === "Warn" || asked === "Strict") return asked;
  throw badRequest(`fieldValidation is Ignore, Warn or Strict, and not "${asked}"`);
}

async function handlePodSubresource(asked: ResourceRequest): Promise<void> {
  const { operations, target, verb, query, request, response, logSource } = asked;
  const key = keyOfTarget(target);
  if (target.subresource === "log") {
    if (verb !== "get") throw notHere(target, verb);
    sendText(response, 200, await readLog(operations, logSource, key, query), "text/plain");
    return;
  }
  if (verb !== "create") throw notHere(target, verb);
  const body = await readBody(request);
  if (target.subresource === "binding") bindPod(operations, key, body);
  else evictPod(operations, key, body, query.get("dryRun") === "All");
  sendJson(response, 201, { ...success(), code: 201 });
}

function deleteOne(asked: ResourceRequest, body: unknown): void {
  const { operations, target, response } = asked;
  const key = keyOfTarget(target);
  const { type } = target;
  const options = deleteOptions(asked, body);
  const { object, json, removed } = deleteObject(operations, type, key, options);
  if (type.returnsDeleted === true || !removed) {
    sendText(response, 200, json, "application/json");
    return;
  }
  const { name, uid } = object.metadata;
  const details = { ...subjectDetails(target), name, uid };
  sendJson(response, 200, { ...success(), details });
}

function deleteAll(asked: ResourceRequest, body: unknown): void {
  const { operations, target, query, response } = asked;
  const { type, namespace } = target;
  const matches = matcherOf(target, query);
  const options = deleteOptions(asked, body);
  const found = operations.store
    .list(storageKey(type), namespace)
    .filter(({ object }) => matches(object));
  for (const { object } of found) deleteObject(operations, type, object.metadata, options);
  // As they were.
  const metadata = { resourceVersion: String(operations.store.revision) };
  sendText(response, 200, listOf(type, metadata, found), "application/json");
}

/** Options come in the body; only where there is none, what the query says counts. */
function deleteOptions({ target, query, response }: ResourceRequest, body: unknown): DeleteOptions {
  const grace = query.get("gracePeriodSeconds");
  const policy = query.get("propagationPolicy");
  const dryRun = query.get("dryRun");
  const asked = {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(dryRun === null ? {} : { dryRun: [dryRun] }),
  };
  const options = parseDeleteOptions(body ?? asked);
  if (target.type.orphansByDefault === true && !saysPropagation(options)) {
    warn(response, CHILDREN_STAY);
  }
  return options;
}

const CHILDREN_STAY =
  "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

function keyOfTarget(target: RequestTarget): ObjectKey {
  if (target.name === undefined) throw methodNotAllowed("this is done to one object: name it");
  return { namespace: target.namespace, name: target.name };
}

function subjectDetails({ type }: RequestTarget) {
  const { group, resource } = subjectOf(type);
  return group === "" ? { kind: resource } : { group, kind: resource };
}

function notHere(target: RequestTarget, verb: string) {
  const what = [target.type.resource, target.subresource].filter(Boolean).join("/");
  return methodNotAllowed(`${verb} is not supported on ${what}`);
}

const success = () => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
