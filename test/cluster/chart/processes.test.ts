import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { freePort } from "../../support/freePort.ts";
import { sharedPostgres, type TestDatabase } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import { install, render, SYSTEM, type Manifest } from "./release.ts";

const MAIN = new URL("../../../control-plane/src/main.ts", import.meta.url).pathname;
const HOST = "gpu-dev.example.com";

interface PodTemplate {
  readonly template: {
    readonly spec: {
      readonly containers: readonly {
        readonly env: readonly { readonly name: string; readonly value?: string }[];
      }[];
    };
  };
}

/** Nothing runs containers here: the chart's processes run beside the cluster, with its configuration and its account. */
describe("the chart's processes", function () {
  this.timeout(90_000);
  let kubernetes: Kubernetes;
  let objects: Manifest[];
  let surroundings: Record<string, string>;
  let database: TestDatabase;
  const running: ChildProcess[] = [];

  before(async () => {
    kubernetes = await sharedKubernetes();
    await install(kubernetes, "processes", "processes-pods");
    objects = await render("processes", "--set", "podNamespace.name=processes-pods");
    const catalogue = join(kubernetes.directory, "processes-catalogue.yaml");
    const map = objects.find(({ kind }) => kind === "ConfigMap") as Manifest & {
      data: Record<string, string>;
    };
    writeFileSync(catalogue, map.data["catalogue.yaml"] ?? "");
    database = await (await sharedPostgres()).createDatabase("empty");
    surroundings = {
      DATABASE_URL: database.url,
      // Where a pod has its account's files, and the catalogue's volume.
      GPU_DEV_KUBECONFIG: await kubernetes.serviceAccountKubeconfig(SYSTEM, "processes"),
      GPU_DEV_IN_CLUSTER: "",
      GPU_DEV_CATALOGUE: catalogue,
    };
  });
  after(async () => {
    for (const child of running) await end(child);
    await database.drop();
  });

  it("the hook migrates an empty database, and once more changes nothing", async () => {
    for (const time of ["first", "second"]) {
      const child = start("Job", "processes-migrate");
      const [code] = (await once(child, "exit")) as [number | null];
      assert.equal(code, 0, `the ${time} time`);
    }
  });

  it("the reconcilers are ready, and say so where their probes look", async () => {
    const port = await freePort();
    start("Deployment", "processes-reconcilers", { GPU_DEV_HEALTH_PORT: String(port) });
    await ready(port, "localhost");
    assert.equal((await get(port, "/healthz", "10.1.2.3:8711")).status, 200);
    const { body } = await get(port, "/metrics", "localhost");
    assert.match(body, /^# HELP /m);
    assert.equal((await get(port, "/v1/reservations", "localhost")).status, 404);
  });

  it("the API serves under its public name, to the probes too, and under no other", async () => {
    const port = await freePort();
    const health = await freePort();
    const local = {
      ...{ GPU_DEV_HOST: "127.0.0.1", GPU_DEV_PORT: String(port) },
      GPU_DEV_HEALTH_PORT: String(health),
    };
    start("Deployment", "processes-api", local);
    await ready(port, HOST);
    assert.equal((await get(port, "/readyz", "evil.example.com")).status, 403);
    const methods = await get(port, "/v1/sign-in", HOST);
    assert.deepEqual((JSON.parse(methods.body) as { methods: unknown }).methods, []);
    assert.equal((await get(port, "/v1/reservations", HOST)).status, 401);
    // Prometheus asks each pod by its address, and is told of the requests above.
    const figures = await get(health, "/metrics", "10.1.2.3:8711");
    assert.match(
      figures.body,
      /^gpu_dev_http_request_duration_seconds_count\{.*status_class="4xx".*\} [1-9]/m,
    );
    assert.equal((await get(health, "/v1/reservations", HOST)).status, 404);
  });

  function start(kind: string, name: string, more: Record<string, string> = {}): ChildProcess {
    const found = objects.find((each) => each.kind === kind && each.metadata.name === name);
    const [container] = (found?.spec as PodTemplate).template.spec.containers;
    const set = container?.env.flatMap(({ name: key, value }) =>
      value === undefined ? [] : [[key, value] as const],
    );
    const env = { PATH: process.env["PATH"] ?? "", ...Object.fromEntries(set ?? []) };
    const child = spawn(process.execPath, [MAIN], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...env, GPU_DEV_LOG_LEVEL: "silent", ...surroundings, ...more },
    });
    running.push(child);
    return child;
  }

  const ready = (port: number, host: string) =>
    waitFor(async () => (await get(port, "/readyz", host)).status === 200, {
      timeoutMs: 30_000,
      describe: `port ${String(port)} to be ready`,
    });
});

function get(port: number, path: string, host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, headers: { host } }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
