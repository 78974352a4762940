import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../kube/kubeObject.ts";
import { badRequest, StatusError } from "../kube/statusError.ts";

type Container = Record<string, unknown> | unknown[];

/**
 * RFC 6902. Throws 422 when an operation cannot be applied, including a failed `test`, and 400 for
 * an invalid patch.
 *
 * Not the package rfc6902 (5.4): it reads inherited properties (`remove /toString` succeeds, `test
 * /list/length` compares), skips the segments `constructor`, `prototype` and `__proto__` of a
 * pointer, although the first two are valid keys, and accepts indices of arrays that do not exist
 * (`replace /list/x`, `copy` and `move` to `/list/9`). A real API server refuses each of these.
 */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch must be a list of operations");
  // A root above the document, so that an operation can replace the document itself.
  const root: Record<string, unknown> = { document: structuredClone(target) };
  for (const operation of patch as unknown[]) {
    if (!isRecord(operation)) throw badRequest("an operation of a JSON patch must be an object");
    apply(root, operation);
  }
  return root["document"];
}

function apply(root: Record<string, unknown>, operation: Record<string, unknown>): void {
  const path = pointer(operation["path"]);
  switch (operation["op"]) {
    case "add":
      add(root, path, structuredClone(operation["value"]));
      return;
    case "remove":
      remove(root, path);
      return;
    case "replace":
      remove(root, path);
      add(root, path, structuredClone(operation["value"]));
      return;
    case "move":
      add(root, path, remove(root, pointer(operation["from"])));
      return;
    case "copy":
      add(root, path, structuredClone(read(root, pointer(operation["from"]))));
      return;
    case "test":
      if (!isDeepStrictEqual(read(root, path), operation["value"])) {
        throw rejected(`testing value ${String(operation["path"])} failed`);
      }
      return;
    default:
      throw badRequest(`Unexpected kind: ${String(operation["op"])} is not a JSON patch operation`);
  }
}

function pointer(text: unknown): string[] {
  if (typeof text !== "string" || (text !== "" && !text.startsWith("/"))) {
    throw badRequest(`"${String(text)}" is not a JSON pointer`);
  }
  const parts = text.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  // Assigned below, this key would replace the prototype of its container.
  if (parts.includes("__proto__")) throw rejected('the field name "__proto__" is not allowed');
  return ["document", ...parts.slice(1)];
}

function locate(root: Container, path: string[]): { container: Container; key: string } {
  let container: Container = root;
  for (const part of path.slice(0, -1)) container = asContainer(child(container, part), path);
  return { container, key: path.at(-1) ?? "" };
}

function read(root: Container, path: string[]): unknown {
  const { container, key } = locate(root, path);
  const value = child(container, key);
  if (value === undefined) throw missing(path);
  return value;
}

function add(root: Container, path: string[], value: unknown): void {
  const { container, key } = locate(root, path);
  if (!Array.isArray(container)) {
    container[key] = value;
    return;
  }
  const index = key === "-" ? container.length : Number(key);
  if (!Number.isInteger(index) || index < 0 || index > container.length) throw missing(path);
  container.splice(index, 0, value);
}

function remove(root: Container, path: string[]): unknown {
  const { container, key } = locate(root, path);
  const value = child(container, key);
  if (value === undefined) throw missing(path);
  if (Array.isArray(container)) container.splice(Number(key), 1);
  else Reflect.deleteProperty(container, key);
  return value;
}

function child(container: Container, key: string): unknown {
  if (Array.isArray(container)) return /^\d+$/.test(key) ? container[Number(key)] : undefined;
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

function asContainer(value: unknown, path: string[]): Container {
  if (Array.isArray(value)) return value as unknown[];
  if (isRecord(value)) return value;
  throw missing(path);
}

const missing = (path: string[]) => rejected(`there is no value at /${path.slice(1).join("/")}`);

const rejected = (reason: string) =>
  new StatusError(
    422,
    "Invalid",
    `the server rejected our request due to an error in our request: ${reason}`,
  );
