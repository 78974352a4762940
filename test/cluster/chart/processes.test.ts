import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import pg from "pg";
import { freePort } from "../../support/freePort.ts";
import { sharedPostgres, type TestDatabase } from "../../support/postgres.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "../support/kubernetes.ts";
import { sharedKubernetes } from "../support/sharedKubernetes.ts";
import * as chart from "./chartProcess.ts";
import { install, render, SYSTEM, type Manifest } from "./release.ts";

const RELEASE = "processes";
const HOST = "gpu-dev.example.com";
const NODE = "processes-node";
const { get } = chart;

/**
 * No containers run here: the chart's processes run on this machine, with its configuration and
 * accounts.
 */
describe("the chart's processes", function () {
  this.timeout(90_000);
  let kubernetes: Kubernetes;
  let objects: Manifest[];
  let commonEnvironment: Record<string, string>;
  let database: TestDatabase;
  let db: pg.Client;
  let directory: TempDir;
  const running: ChildProcess[] = [];

  before(async () => {
    kubernetes = await sharedKubernetes();
    await install(kubernetes, RELEASE, "processes-pods");
    objects = await render(RELEASE, "--set", "podNamespace.name=processes-pods");
    directory = await makeTempDir("processes");
    const map = objects.find(({ kind }) => kind === "ConfigMap") as Manifest & {
      data: Record<string, string>;
    };
    const catalogue = map.data["catalogue.yaml"] ?? "";
    database = await (await sharedPostgres()).createDatabase("empty");
    db = new pg.Client({ connectionString: database.url });
    await db.connect();
    commonEnvironment = {
      DATABASE_URL: database.url,
      GPU_DEV_LOG_LEVEL: "silent",
      // The path of the catalogue's volume in a pod.
      GPU_DEV_CATALOGUE: chart.readableFile(directory.path, "catalogue.yaml", catalogue),
    };
    const amounts = { cpu: "192", memory: "2000Gi", pods: "110", "nvidia.com/gpu": "8" };
    await kubernetes.admin.expect("POST", "/api/v1/nodes", {
      metadata: {
        name: NODE,
        labels: {
          "kubernetes.io/hostname": NODE,
          "gpu-dev.io/type": "h100",
          "topology.kubernetes.io/zone": "us-east-2a",
        },
      },
      status: { allocatable: amounts, capacity: amounts },
    });
  });
  after(async () => {
    for (const child of running) await chart.end(child);
    await kubernetes.admin.request("DELETE", `/api/v1/nodes/${NODE}`);
    await db.end();
    await database.drop();
    await directory.remove();
  });

  const migrations = async () =>
    (await db.query<{ file: string }>("select * from migrations order by number")).rows;
  const migrate = async (asImageUser: boolean) => {
    const env = environment("Job", `${RELEASE}-migrate`);
    const [code] = (await once(started(chart.startProcess(env, asImageUser)), "exit")) as [unknown];
    assert.equal(code, 0);
  };

  it("the hook migrates an empty database, and a second run changes nothing", async () => {
    await migrate(false);
    const after = await migrations();
    assert.ok(after.length > 0);
    await migrate(false);
    assert.deepEqual(await migrations(), after);
  });

  it("the hook runs as the image's user id, which has no account", async function () {
    chart.requireImageUser(this);
    await migrate(true);
  });

  it("the reconcilers read the cluster's nodes and report readiness to their probes", async () => {
    const port = await freePort();
    const child = started(
      chart.startProcess({
        ...environment("Deployment", `${RELEASE}-reconcilers`),
        ...(await outside(RELEASE)),
        GPU_DEV_HEALTH_PORT: String(port),
      }),
    );
    await ready(port, "localhost");
    assert.equal((await get(port, "/healthz", "10.1.2.3:8711")).status, 200);
    const { body } = await get(port, "/metrics", "localhost");
    assert.match(body, /^# HELP /m);
    assert.equal((await get(port, "/v1/reservations", "localhost")).status, 404);
    await nodeIsSeen();
    await chart.end(child);
  });

  it("the reconcilers work with a pod's files only, as the image's user id", async function () {
    chart.requirePodFiles(this);
    await db.query("delete from capacity_nodes");
    const token = readToken(await kubernetes.serviceAccountKubeconfig(SYSTEM, RELEASE));
    const port = await freePort();
    const env = environment("Deployment", `${RELEASE}-reconcilers`);
    assert.equal(env["GPU_DEV_IN_CLUSTER"], "true");
    assert.equal(env["GPU_DEV_KUBECONFIG"], undefined);
    started(
      chart.startInPod({ ...env, GPU_DEV_HEALTH_PORT: String(port) }, kubernetes, {
        token,
        namespace: SYSTEM,
        directory: directory.path,
      }),
    );
    await ready(port, "localhost");
    await nodeIsSeen();
  });

  it("the API accepts its public host name only, also from probes", async () => {
    const port = await freePort();
    const health = await freePort();
    started(
      chart.startProcess({
        ...environment("Deployment", `${RELEASE}-api`),
        ...(await outside(`${RELEASE}-api`)),
        GPU_DEV_HOST: "127.0.0.1",
        GPU_DEV_PORT: String(port),
        GPU_DEV_HEALTH_PORT: String(health),
      }),
    );
    await ready(port, HOST, "/healthz");
    assert.equal((await get(port, "/healthz", "evil.example.com")).status, 403);
    const methods = await get(port, "/v1/sign-in", HOST);
    assert.deepEqual((JSON.parse(methods.body) as { methods: unknown }).methods, []);
    assert.equal((await get(port, "/v1/reservations", HOST)).status, 401);
    // Prometheus scrapes each pod by its address; the metrics include the requests above.
    const metrics = await get(health, "/metrics", "10.1.2.3:8711");
    assert.match(
      metrics.body,
      /^gpu_dev_http_request_duration_seconds_count\{.*status_class="4xx".*\} [1-9]/m,
    );
    assert.equal((await get(health, "/v1/reservations", HOST)).status, 404);
  });

  const environment = (kind: string, name: string) => ({
    ...chart.environmentOf(objects, kind, name),
    ...commonEnvironment,
  });

  /** Replaces the files of a pod's service account. */
  const outside = async (account: string) => ({
    GPU_DEV_KUBECONFIG: await kubernetes.serviceAccountKubeconfig(SYSTEM, account),
    GPU_DEV_IN_CLUSTER: "",
  });

  const readToken = (kubeconfig: string) =>
    (
      JSON.parse(readFileSync(kubeconfig, "utf8")) as {
        users: readonly [{ user: { token: string } }];
      }
    ).users[0].user.token;

  function started(child: ChildProcess): ChildProcess {
    running.push(child);
    return child;
  }

  const nodeIsSeen = () =>
    waitFor(
      async () => {
        const found = await db.query<{ gpu_type: string; units: number }>(
          "select gpu_type, units from capacity_nodes where name = $1",
          [NODE],
        );
        return found.rows[0]?.gpu_type === "h100" && found.rows[0].units === 8;
      },
      { timeoutMs: 30_000, describe: "the node to be known with its GPUs" },
    );

  const ready = (port: number, host: string, path = "/readyz") =>
    waitFor(async () => (await get(port, path, host)).status === 200, {
      timeoutMs: 30_000,
      describe: `port ${String(port)} to be ready`,
    });
});
