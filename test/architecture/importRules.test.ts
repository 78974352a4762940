import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { importsOf, type Import } from "./imports.ts";
import { ROOT, sourceFiles } from "./sources.ts";

const PARTS = ["shared", "control-plane", "cli", "extension", "dev-cluster", "local"];
const imports = sourceFiles().flatMap(importsOf);
const isOurs = (path: string) => PARTS.includes(path.split("/")[0] ?? "");

/** Which of the other parts each part may import. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  shared: [],
  "control-plane": ["shared"],
  cli: ["shared"],
  extension: ["shared"],
  "dev-cluster": [],
  local: ["shared"],
};

/** Inside the control plane: which of its folders each folder may import, beside itself and util/. */
const CONTROL_PLANE: Record<string, readonly string[]> = {
  util: [],
  domain: [],
  auth: ["domain", "store"],
  store: ["domain"],
  cluster: ["domain"],
  operations: ["domain", "store", "auth", "cluster/port.ts"],
  http: ["operations"],
  reconcilers: ["domain", "store", "cluster/port.ts"],
};

/** Packages that only one folder of the control plane may load. */
const OWNERS: Record<string, readonly string[]> = {
  knex: ["store"],
  pg: ["store"],
  "graphile-worker": ["store", "reconcilers"],
  "@kubernetes/client-node": ["cluster"],
  koa: ["http"],
  "@koa/router": ["http"],
  "@koa/bodyparser": ["http"],
  "prom-client": ["http", "util"],
};

describe("who may import whom", () => {
  it("reads the imports of every part", () => {
    for (const part of PARTS) {
      assert.ok(
        imports.some(({ from }) => from.startsWith(`${part}/`)),
        part,
      );
    }
  });

  it("finds every file that is imported", () => {
    const missing = imports.filter(({ to }) => isOurs(to) && !existsSync(`${ROOT}${to}`));
    assert.deepEqual(missing.map(show), []);
  });

  it("keeps the parts apart", () => {
    const broken = imports.filter(({ from, to }) => {
      const [part = "", other = ""] = [from.split("/")[0], to.split("/")[0]];
      if (!PARTS.includes(part) || !PARTS.includes(other) || part === other) return false;
      return !(MAY_IMPORT[part] ?? []).includes(other);
    });
    assert.deepEqual(broken.map(show), []);
  });

  it("keeps tests out of what is shipped", () => {
    const broken = imports.filter(({ from, to }) => isOurs(from) && to.startsWith("test/"));
    assert.deepEqual(broken.map(show), []);
  });

  it("keeps the layers of the control plane: http, operations, reconcilers, domain, store, cluster", () => {
    assert.deepEqual(imports.filter(breaksLayers).map(show), []);
  });

  it("keeps each large library in its one folder of the control plane", () => {
    const broken = imports.filter(({ from, to }) => {
      const folder = folderOf(from);
      return folder !== null && OWNERS[to] !== undefined && !OWNERS[to].includes(folder);
    });
    assert.deepEqual(broken.map(show), []);
  });

  it("keeps the domain pure: only the domain, shared and zod", () => {
    const broken = imports.filter(
      ({ from, to }) =>
        folderOf(from) === "domain" &&
        !["control-plane/src/domain/", "shared/src/"].some((allowed) => to.startsWith(allowed)) &&
        to !== "zod",
    );
    assert.deepEqual(broken.map(show), []);
  });

  it("keeps Node out of the API client, which also runs in an editor", () => {
    const broken = imports.filter(
      ({ from, to }) => /^shared\/src\/(client|api)\//.test(from) && to.startsWith("node:"),
    );
    assert.deepEqual(broken.map(show), []);
  });
});

function breaksLayers({ from, to }: Import): boolean {
  const [folder, target] = [folderOf(from), folderOf(to)];
  if (folder === null || target === null || folder === target || target === "util") return false;
  const allowed = CONTROL_PLANE[folder];
  // What lies directly in src/ (main, config, composition) builds the parts; nothing there is for the layers.
  if (!allowed) return false;
  const path = to.replace("control-plane/src/", "");
  return !allowed.some((each) => each === target || each === path);
}

/** The folder under control-plane/src; "" for a file directly in it, null for anything else. */
function folderOf(path: string): string | null {
  const match = /^control-plane\/src\/(?:([^/]+)\/)?[^/]+$|^control-plane\/src\/([^/]+)\//.exec(
    path,
  );
  return match ? (match[1] ?? match[2] ?? "") : null;
}

function show({ from, to, typeOnly }: Import): string {
  return `${from} -> ${to}${typeOnly ? " (type)" : ""}`;
}
