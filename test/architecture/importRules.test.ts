import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { makeTempDir } from "../support/tempDir.ts";
import { ROOT } from "./sources.ts";

const run = promisify(execFile);
const PROGRAM = join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
const CONTROL_PLANE = "control-plane/src";

/** For each rule: files that break it, with what each of them imports. */
const VIOLATIONS: Record<string, Record<string, string>> = {
  "no-circular": { "cli/src/a.ts": 'import type { B } from "./b.ts"; export type A = B;' },
  "no-unresolved": { "cli/src/missing.ts": 'import "./nowhere.ts";' },
  "no-tests-in-product": { "cli/src/tested.ts": 'import "../../test/fixture.ts";' },
  "part-shared": { "shared/src/a.ts": 'import "@gpu-dev/client/a.ts";' },
  "part-client": { "client/src/b.ts": 'import "../../cli/src/c.ts";' },
  "part-control-plane": { [`${CONTROL_PLANE}/a.ts`]: 'import "@gpu-dev/client/a.ts";' },
  "part-cli": { "cli/src/d.ts": 'import "../../extension/src/extension.ts";' },
  "part-extension": { "extension/src/e.ts": 'import "../../cli/src/c.ts";' },
  "part-dev-cluster": { "dev-cluster/src/a.ts": 'export * from "@gpu-dev/shared/b.ts";' },
  "part-local": { "local/src/a.ts": `import "../../${CONTROL_PLANE}/main.ts";` },
  "shared-packages": { "shared/src/c.ts": 'import "koa2";' },
  "client-packages": { "client/src/c.ts": 'import "koa2";' },
  "web-only": {
    "shared/src/api/a.ts": 'import "../node.ts";',
    "client/src/http/a.ts": 'import "node:fs/promises";',
  },
  "layer-platform": { [`${CONTROL_PLANE}/platform/a.ts`]: 'import "../domain/ok.ts";' },
  "layer-domain": { [`${CONTROL_PLANE}/domain/a.ts`]: 'import type { S } from "../store/ok.ts";' },
  "layer-store": { [`${CONTROL_PLANE}/store/a.ts`]: 'import "../operations/ok.ts";' },
  "layer-auth": { [`${CONTROL_PLANE}/auth/a.ts`]: 'export const a = import("../http/ok.ts");' },
  "layer-cluster": { [`${CONTROL_PLANE}/cluster/a.ts`]: 'import "../store/ok.ts";' },
  "layer-operations": { [`${CONTROL_PLANE}/operations/a.ts`]: 'import "../reconcilers/ok.ts";' },
  "layer-reconcilers": { [`${CONTROL_PLANE}/reconcilers/a.ts`]: 'import "../config.ts";' },
  "layer-http": { [`${CONTROL_PLANE}/http/a.ts`]: 'export * from "../store/ok.ts";' },
  "domain-is-pure": {
    [`${CONTROL_PLANE}/domain/b.ts`]: 'import "node:crypto";',
    [`${CONTROL_PLANE}/domain/a.ts`]: "",
  },
  "decisions-are-pure": {
    [`${CONTROL_PLANE}/reconcilers/reservation/states/a.ts`]: 'import "../../../store/ok.ts";',
  },
  "adapters-only-in-composition": { [`${CONTROL_PLANE}/main.ts`]: 'import "./cluster/ok.ts";' },
  "no-http-client-in-reconcilers": {
    [`${CONTROL_PLANE}/reconcilers/b.ts`]: 'import "node:https";',
    [`${CONTROL_PLANE}/operations/b.ts`]: 'import "node:http";',
  },
  "owner-of-knex": { [`${CONTROL_PLANE}/operations/c.ts`]: 'import type { K } from "knex";' },
  "owner-of-pg": { "local/src/b.ts": 'import "pg";' },
  "owner-of-graphile-worker": { [`${CONTROL_PLANE}/http/b.ts`]: 'import "graphile-worker";' },
  "owner-of-@kubernetes/client-node": {
    [`${CONTROL_PLANE}/reconcilers/c.ts`]: 'import "@kubernetes/client-node";',
  },
  "owner-of-koa": { [`${CONTROL_PLANE}/operations/d.ts`]: 'import "koa";' },
  "owner-of-@koa/router": { [`${CONTROL_PLANE}/auth/b.ts`]: 'import "@koa/router";' },
  "owner-of-prom-client": { [`${CONTROL_PLANE}/store/b.ts`]: 'import "prom-client";' },
  "owner-of-aws": { [`${CONTROL_PLANE}/store/c.ts`]: 'import "@aws-sdk/client-sts";' },
  "editor-only-in-adapters": { "extension/src/live/a.ts": 'import { window } from "vscode";' },
};

/** Files that break no rule: targets of the imports above, and imports that must stay allowed. */
const ALLOWED: Record<string, string> = {
  "cli/src/b.ts": 'import type { A } from "./a.ts"; export type B = A | 1;',
  "cli/src/c.ts": 'import "@gpu-dev/client/a.ts"; import "node:fs";',
  "client/src/a.ts": 'import "@gpu-dev/shared/b.ts"; import "zod";',
  "shared/src/b.ts": "export const b = 1;",
  "shared/src/node.ts": 'import "node:crypto";',
  "test/fixture.ts": `import "../${CONTROL_PLANE}/cluster/ok.ts"; import "pg";`,
  "extension/src/extension.ts": 'import { window } from "vscode";',
  "extension/src/live/ok.ts": 'import type { Uri } from "vscode";',
  [`${CONTROL_PLANE}/config.ts`]: "export const config = 1;",
  [`${CONTROL_PLANE}/composition.ts`]: 'import "./cluster/ok.ts"; import "./http/ok.ts";',
  [`${CONTROL_PLANE}/platform/ok.ts`]: "export const ok = 1;",
  [`${CONTROL_PLANE}/domain/ok.ts`]: 'import "zod"; import "@gpu-dev/shared/b.ts";',
  [`${CONTROL_PLANE}/store/ok.ts`]: 'import "pg"; import "../domain/ok.ts"; export type S = 1;',
  [`${CONTROL_PLANE}/auth/ok.ts`]: 'import "@aws-sdk/client-sts"; import "../store/ok.ts";',
  [`${CONTROL_PLANE}/cluster/port.ts`]: 'import "../platform/ok.ts";',
  [`${CONTROL_PLANE}/cluster/ok.ts`]: 'import "@kubernetes/client-node"; import "./port.ts";',
  [`${CONTROL_PLANE}/operations/ok.ts`]: 'import "../cluster/port.ts"; import "../auth/ok.ts";',
  [`${CONTROL_PLANE}/reconcilers/ok.ts`]: 'import "../cluster/port.ts"; import "../store/ok.ts";',
  [`${CONTROL_PLANE}/http/ok.ts`]:
    'import "koa"; import "../operations/ok.ts"; import "../domain/ok.ts";',
};

const PARTS = ["shared", "client", "control-plane", "cli", "extension", "dev-cluster", "local"];
const PACKAGES = [
  "zod",
  "koa",
  "koa2",
  "@koa/router",
  "knex",
  "pg",
  "graphile-worker",
  "prom-client",
  "@kubernetes/client-node",
  "@aws-sdk/client-sts",
  "@types/vscode",
];

describe("import rules", function () {
  this.timeout(60_000);

  it("are each broken by a file of this test", async () => {
    const configuration = (await import(join(ROOT, ".dependency-cruiser.js"))) as {
      default: { forbidden: { name: string }[] };
    };
    const names = configuration.default.forbidden.map(({ name }) => name);
    assert.deepEqual(Object.keys(VIOLATIONS).sort(), names.sort());
  });

  it("fire on exactly the files that break them", async () => {
    const folder = await makeTempDir("import-rules");
    try {
      await writeRepository(folder.path);
      const expected = Object.entries(VIOLATIONS).flatMap(([rule, files]) =>
        Object.keys(files).map((path) => `${rule}: ${path}`),
      );
      assert.deepEqual(await violationsIn(folder.path), expected.sort());
    } finally {
      await folder.remove();
    }
  });
});

/** A repository in small: the configuration of this one, empty packages, and the files above. */
async function writeRepository(root: string): Promise<void> {
  for (const name of [".dependency-cruiser.js", "tsconfig.json"]) {
    await cp(join(ROOT, name), join(root, name));
  }
  const files: Record<string, string> = { ...ALLOWED, "package.json": '{ "type": "module" }' };
  for (const [path, text] of Object.values(VIOLATIONS).flatMap((broken) =>
    Object.entries(broken),
  )) {
    files[path] = `${files[path] ?? ""}${text}\n`;
  }
  for (const part of PARTS) {
    files[`${part}/package.json`] = JSON.stringify({
      name: `@gpu-dev/${part}`,
      type: "module",
      exports: { "./*.ts": "./src/*.ts" },
    });
  }
  for (const name of PACKAGES) {
    files[`node_modules/${name}/package.json`] = JSON.stringify({ name });
    files[`node_modules/${name}/index.js`] = "export {};";
    files[`node_modules/${name}/index.d.ts`] = "export {};";
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await mkdir(join(root, "node_modules/@gpu-dev"));
  for (const part of PARTS)
    await symlink(join(root, part), join(root, `node_modules/@gpu-dev/${part}`));
}

async function violationsIn(root: string): Promise<string[]> {
  const args = ["--config", ".dependency-cruiser.js", "--output-type", "json", ...PARTS, "test"];
  const { stdout } = await run(process.execPath, [PROGRAM, ...args], { cwd: root });
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  const found = summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`);
  return [...new Set(found)].sort();
}
